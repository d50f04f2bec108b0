#include "orchestrator/cutover/preparation.hpp"

#include "drivers/component_driver.hpp"
#include "orchestrator/cutover/disks.hpp"
#include "orchestrator/cutover/fence.hpp"
#include "orchestrator/cutover/shrinking.hpp"
#include "orchestrator/phases/captures.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/throttle.hpp"

namespace moult {
namespace {

constexpr Millis kAnswer{2000};
constexpr int kCatchUpRounds = 10;

/// What a round brought is on the next side's disks when it counts as done: what stayed in memory, with whatever else
/// was written there, would be waited for under the hold.
Result<> carry_durably(RunContext& run, DataStrategy& set, Result<RoundReport> (DataStrategy::*round)()) {
  MOULT_TRY(record_round(run, set.name(), (set.*round)()));
  return set.make_durable();
}

Result<> look_at_all(RunContext& run, DataStrategy& set) {
  MOULT_TRY(carry_durably(run, set, &DataStrategy::thorough_round));
  return set.verify().map([](const Verification&) {});  // whether they are equal only counts under the fence
}

/// Rounds until one is short, so that the last one is. How long the last of them took.
Result<Millis> rounds_until_short(RunContext& run, const Direction& way) {
  Shrinking rounds;
  Millis last{0};
  for (int round = 0; round < kCatchUpRounds; ++round) {
    const auto begin = run.platform().clock().steady();
    MOULT_TRY(each_set(run, way, [&run](DataStrategy& set) { return carry_durably(run, set, &DataStrategy::round); }));
    const auto took = run.platform().clock().steady() - begin;
    last = std::chrono::duration_cast<Millis>(took);
    if (!rounds.add(took)) break;
  }
  return last;
}

/// One round looks at everything, which the one under the fence has no time for, and one digest is made. That and
/// arming the way back took their time, and clients wrote meanwhile.
Result<Millis> catch_up(RunContext& run, const Direction& way) {
  MOULT_TRY(each_set(run, way, [&run](DataStrategy& set) { return look_at_all(run, set); }));
  return rounds_until_short(run, way);
}

/// A cutover that was given up behind its switch has opened the original for what the clone was given; clients have
/// written there since.
Result<> arm_way_back(RunContext& run) {
  for (auto& set : run.back) {
    MOULT_TRY(set->close_target());
    MOULT_TRY(set->start_capture());
  }
  return {};
}

/// The next side's helper. A sealed original's may have died long ago, and all that it knew is learned anew when the
/// way back is opened, so another is begun; a clone's takes with it what the clone itself changed.
Result<GuestSession*> next_helper(RunContext& run, const Direction& way, const MachineRef& next) {
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(next));
  if (session->alive(kAnswer)) return session;
  if (!way.forward) {
    run.sessions.drop(next);
    MOULT_ASSIGN(session, run.sessions.of(next));
    if (session->alive(kAnswer)) return session;
  }
  return fail(Code::unreachable, "the helper in " + next.domain + " does not answer", "See the guest's console.");
}

/// Both helpers answer. The next one announces its addresses where nobody hears it, for what a guest does the first
/// time takes several times as long as the second.
Result<> wake_machine(RunContext& run, const Direction& way, const MachinePair& pair) {
  MOULT_TRY(run.sessions.of(way.serving(pair)).map([](GuestSession*) {}));
  MOULT_ASSIGN(GuestSession * next, next_helper(run, way, way.next(pair)));
  (void)next->announce();  // addresses that cannot be announced are the switch's to tell of
  return {};
}

/// What of a check holds for the old level as well: a `start` hook may return before its service takes connections, and
/// clients are let go a moment later.
CheckSpec listens(CheckSpec check) {
  check.kind = check.kind == CheckKind::http || check.kind == CheckKind::tcp ? CheckKind::tcp : CheckKind::none;
  return check;
}

/// A component that must be told of its final data is started with them; the others serve what lies there.
StartWhen start_of(const Component& component) {
  if (has_disk(component)) return StartWhen::with_disk;
  return component.hooks.activate.empty() ? StartWhen::before_hold : StartWhen::under_hold;
}

/// Its services are ready for clients, on data that lack the last round alone. Under the hold only those are checked
/// again that an `activate` hook changes there.
Result<> warm_machine(RunContext& run, const MachinePair& pair) {
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.clone));
  for (const auto& component : run.work.maintenance.components) {
    if (component.machine != pair.original.name || !run.is_updated(component.name)) continue;
    MOULT_TRY(run.hook("warm", component.hooks.warm, pair.clone));
    MOULT_TRY(run_check(component.check, session->access(), run.platform().clock()));
  }
  return {};
}

/// Most of what is dirty on both sides goes to their disks before the fence, and the switch, have to wait for it.
Result<> write_out(RunContext& run, const Direction& way) {
  return run.each_machine([&](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(GuestSession * serving, run.sessions.of(way.serving(pair)));
    MOULT_ASSIGN(GuestSession * next, run.sessions.of(way.next(pair)));
    return run.platform().workers().all(
        {[serving] { return serving->files().sync({}); }, [next] { return next->files().sync({}); }});
  });
}

/// At the disks' own pace: a freeze keeps every writer waiting until all that is dirty is written out.
Result<> settle_disks(RunContext& run, const Direction& way) {
  MOULT_ASSIGN(const auto slowed, lift_throttles(run));
  MOULT_TRY(write_out(run, way));
  MOULT_TRY(practise_freeze(run, way));
  return throttle_again(run, slowed);
}

/// The last thing before the hold, which would wait for a slowed disk as well. What became dirty under a limit goes to
/// the disk at its own pace. Where that took longer than a round does, clients wrote more at theirs meanwhile than the
/// last round has time for, and would again in any round at that pace: rounds under the limits carry it.
Result<> let_go_of_disks(RunContext& run, const Direction& way, Millis round) {
  MOULT_ASSIGN(const auto slowed, lift_throttles(run));
  if (slowed.empty()) return {};
  const auto begin = run.platform().clock().steady();
  MOULT_TRY(write_out(run, way));
  if (run.platform().clock().steady() - begin <= round) return {};
  MOULT_TRY(throttle_again(run, slowed));
  MOULT_TRY(rounds_until_short(run, way));
  return lift_throttles(run).map([](const Throttles&) {});
}

}  // namespace

Result<> open_way_back(RunContext& run) {
  for (std::size_t i = 0; i < run.back.size(); ++i)
    if (!run.work.plan.data[i].one_way) MOULT_TRY(run.back[i]->open_target());
  return {};
}

Result<> start_services(RunContext& run, const MachinePair& pair, StartWhen when) {
  for (const auto& component : run.work.maintenance.components) {
    if (component.machine != pair.original.name || component.hooks.start.empty() || start_of(component) != when)
      continue;
    MOULT_TRY(run.hook("start", component.hooks.start, pair.original));
    MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.original));
    MOULT_TRY(run_check(listens(component.check), session->access(), run.platform().clock()));
  }
  return {};
}

Result<> each_set(RunContext& run, const Direction& way, const std::function<Result<>(DataStrategy&)>& job) {
  std::vector<Workers::Job> jobs;
  for (std::size_t i = 0; i < way.sets(run).size(); ++i)
    if (way.carries(run, i)) jobs.emplace_back([&job, set = way.sets(run)[i].get()] { return job(*set); });
  return run.platform().workers().all(std::move(jobs));
}

Result<> prepare_cutover(RunContext& run, const Direction& way, Entry& entry) {
  MOULT_TRY(entry.ready(way.lease(run)));
  if (way.forward) MOULT_TRY(arm_way_back(run));
  MOULT_TRY(run.each_machine([&](const MachinePair& pair) { return wake_machine(run, way, pair); }));
  if (way.forward) MOULT_TRY(lend_disks(run));
  if (!way.forward) MOULT_TRY(open_way_back(run));
  MOULT_TRY(run.each_machine([&](const MachinePair& pair) {
    return way.forward ? warm_machine(run, pair) : start_services(run, pair, StartWhen::before_hold);
  }));
  MOULT_TRY(each_set(run, way, [&](DataStrategy& set) { return keep_capture(run, set).map([](bool) {}); }));
  MOULT_TRY(clear_disks(run, way));  // takes its time, so rounds come after it
  MOULT_TRY(settle_disks(run, way));
  MOULT_ASSIGN(const auto round, catch_up(run, way));
  return let_go_of_disks(run, way, round);
}

}  // namespace moult
