#include "orchestrator/cutover/preparation.hpp"

#include "orchestrator/cutover/shrinking.hpp"
#include "orchestrator/phases/rounds.hpp"

namespace moult {
namespace {

constexpr Millis kAnswer{2000};
constexpr int kCatchUpRounds = 10;

Result<> carry_round(DataStrategy& set) {
  MOULT_ASSIGN(const auto round, set.round());
  return refuse_conflicts(set.name(), round);
}

Result<> carry_thorough_round(DataStrategy& set) {
  MOULT_ASSIGN(const auto round, set.thorough_round());
  return refuse_conflicts(set.name(), round);
}

/// One round looks at everything, which the one under the fence has no time for. Then, since that and arming the way
/// back took their time and clients wrote meanwhile, rounds until one is short, so that the last one is.
Result<> catch_up(RunContext& run, const Direction& way) {
  MOULT_TRY(each_set(run, way, carry_thorough_round));
  Shrinking rounds;
  for (int round = 0; round < kCatchUpRounds; ++round) {
    const auto begin = run.platform().clock().steady();
    MOULT_TRY(each_set(run, way, carry_round));
    if (!rounds.add(run.platform().clock().steady() - begin)) return {};
  }
  return {};
}

/// Both helpers answer. The next one announces its addresses where nobody hears it, for what a guest does the first
/// time takes several times as long as the second.
Result<> wake_machine(RunContext& run, const Direction& way, const MachinePair& pair) {
  MOULT_TRY(run.sessions.of(way.serving(pair)).map([](GuestSession*) {}));
  MOULT_ASSIGN(GuestSession * next, run.sessions.of(way.next(pair)));
  if (!next->alive(kAnswer))
    return fail(Code::unreachable, "the helper in " + way.next(pair).domain + " does not answer",
                "See the guest's console.");
  (void)next->announce();  // addresses that cannot be announced are the switch's to tell of
  return {};
}

Result<> warm_machine(RunContext& run, const MachinePair& pair) {
  for (const auto& component : run.work.maintenance.components)
    if (component.machine == pair.original.name && run.is_updated(component.name))
      MOULT_TRY(run.hook("warm", component.hooks.warm, pair.clone));
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

}  // namespace

Result<> each_set(RunContext& run, const Direction& way, const std::function<Result<>(DataStrategy&)>& job) {
  std::vector<Workers::Job> jobs;
  for (std::size_t i = 0; i < way.sets(run).size(); ++i)
    if (way.carries(run, i)) jobs.emplace_back([&job, set = way.sets(run)[i].get()] { return job(*set); });
  return run.platform().workers().all(std::move(jobs));
}

Result<> prepare_cutover(RunContext& run, const Direction& way, Entry& entry) {
  if (auto state = entry.where(); !state) return pass(std::move(state));
  if (way.forward) {
    for (auto& set : run.back) MOULT_TRY(set->start_capture());
  }
  MOULT_TRY(run.each_machine([&](const MachinePair& pair) { return wake_machine(run, way, pair); }));
  // The hooks describe the new level.
  if (way.forward) MOULT_TRY(run.each_machine([&](const MachinePair& pair) { return warm_machine(run, pair); }));
  MOULT_TRY(write_out(run, way));
  return catch_up(run, way);
}

}  // namespace moult
