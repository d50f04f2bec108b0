#include "orchestrator/conductor.hpp"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "descriptors/base/text.hpp"
#include "orchestrator/cutover/cutover.hpp"
#include "orchestrator/cutover/preparation.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/serving.hpp"
#include "orchestrator/throttle.hpp"

namespace moult {
namespace {

/// How long the appliance may take to answer through the entry after the switch, before it counts as failed.
constexpr Millis kCheckDeadline{10000};
constexpr Millis kCheckPause{100};
/// The requests that waited are answered before the sealed original's work is put to an end beside them.
constexpr Millis kSettle{2000};
/// How long a domain may take to be seen as off once its guest is gone.
constexpr int kLooks = 10;
constexpr Millis kLookPause{100};
/// A cutover that was given up is tried again from `ready` so often.
constexpr int kCutoverTries = 3;

Result<> stop_writers(RunContext& run) {
  return run.each_machine([&run](const MachinePair& pair) -> Result<> {
    for (const auto& component : run.work.maintenance.components)
      if (component.machine == pair.original.name) MOULT_TRY(run.hook("stop", component.hooks.stop, pair.original));
    return {};
  });
}

/// Which row says how the check through the entry went: silence is never success.
const char* check_event(const RunContext& run, bool good) {
  if (!good) return "entry.check.failed";
  return run.work.appliance.entry.check_url.empty() ? "entry.check.none" : "entry.check.good";
}

Error stopped_by_abort() {
  return {Code::interrupted, "stopped by `moult abort`", "Start again when you are ready.", {}, Disposition::fail};
}

/// A guest that went silent may be one that is off, or on its way there.
void name_dead_clones(RunContext& run, Error& cause) {
  if (cause.code != Code::unreachable) return;
  for (int look = 0; look < kLooks; ++look) {
    bool found = false;
    for (const auto& pair : run.machines()) {
      const auto facts = run.platform().lifecycle().inspect(pair.clone);
      if (!facts || facts->state != PowerState::off) continue;
      found = true;
      cause.message += "; the clone " + pair.clone.domain + " is off";
      cause.remedy =
          "The original is as it was. See why the clone ended (its console, the host's log of it), then start again.";
    }
    if (found) return;
    run.platform().clock().sleep(kLookPause);
  }
}

/// A rollback is on record before it begins. One that was begun before is taken up, and so is what a cutover that was
/// given up carried the same way.
Result<> go_back_on_record(RunContext& run, const char* how) {
  MOULT_ASSIGN(const auto before, journal_value(run, kGoingBack));
  MOULT_TRY(run.world.store.journal().put_value(run.id(), kGoingBack, how));
  MOULT_ASSIGN(const auto carried, journal_value(run, kCarriedBack));
  if (before.empty() && carried.empty()) return {};
  MOULT_TRY(open_way_back(run));
  for (std::size_t i = 0; i < run.back.size(); ++i)
    if (!run.work.plan.data[i].one_way) MOULT_TRY(run.back[i]->take_up());
  return {};
}

std::string one_way_remedy(const RunContext& run) {
  return "`moult finish " + run.id() + "` keeps the clone and what was written; `moult rollback " + run.id() +
         " --accept-one-way` goes back without it.";
}

}  // namespace

Result<> Conductor::advance(RunEvent event, const std::string& facts) {
  MOULT_ASSIGN(state_, run_.ledger.advance(state_, event, facts));
  return {};
}

Result<> Conductor::sign() {
  const auto head = run_.world.store.audit().sign_head(run_.ledger.stamp().utc);
  if (!head) return Unexpected(head.error());
  return {};
}

/// An entry that would refuse the hold is found before anything is cloned.
Result<> Conductor::check_entry() {
  MOULT_ASSIGN(auto entry, run_.platform().entry(run_.work.appliance.entry));
  return entry->ready(Direction{true}.lease(run_));
}

Result<> Conductor::until_ready() {
  MOULT_TRY(run_.world.interrupt.check());
  MOULT_TRY(check_entry());
  MOULT_TRY(check_throttle(run_));
  MOULT_TRY(advance(RunEvent::clone));
  return clone_until_ready();
}

Result<> Conductor::clone_until_ready() {
  MOULT_TRY(clone_appliance(run_, forecast_));
  MOULT_TRY(advance(RunEvent::upgrade));
  MOULT_TRY(upgrade_clone(run_));
  MOULT_TRY(advance(RunEvent::converge));
  MOULT_TRY(converge(run_, forecast_));
  return advance(RunEvent::settle);
}

Result<Millis> Conductor::rehearse_stall() {
  MOULT_TRY(run_.world.interrupt.check());
  MOULT_TRY(carry_all(run_, forecast_));
  MOULT_ASSIGN(const auto pending, pending_all(run_));
  const auto stall = forecast_.stall(pending);
  MOULT_TRY(run_.ledger.record("run.rehearsed", nlohmann::json{{"forecast_stall_ms", stall.count()}}.dump()));
  return stall;
}

Result<RunEnd> Conductor::rehearsed() {
  auto stall = rehearse_stall();
  if (!stall) return abort_because(std::move(stall).error());
  MOULT_ASSIGN(auto end, abort());
  end.forecast = *stall;
  return end;
}

/// Asks through the entry whether the appliance serves, until it does or the deadline has passed.
Result<> Conductor::check_through_entry() {
  MOULT_ASSIGN(auto entry, run_.platform().entry(run_.work.appliance.entry));
  auto& clock = run_.platform().clock();
  const auto end = clock.steady() + kCheckDeadline;
  auto good = entry->check(kCheckDeadline);
  while (!good && clock.steady() < end) {
    clock.sleep(kCheckPause);
    good = entry->check(kCheckDeadline);
  }
  MOULT_TRY(run_.ledger.record(check_event(run_, good.has_value()), good ? "{}" : facts_of(good.error())));
  return good;
}

/// The clone serves. What is left may be done again by whoever takes the run up.
Result<> Conductor::settle_in() {
  MOULT_TRY(begin_confirm_time(run_));
  auto good = check_through_entry();
  if (good) MOULT_TRY(run_.world.store.journal().put_value(run_.id(), kChecked, "yes"));
  if (!good && good.error().remedy.empty())
    good.error().remedy =
        "See what the new level answers (a rehearsed clone shows it), mend it or the entry's `check`, then start "
        "again.";
  if (auto kept = run_.ledger.perform_plain("autostart.off", "", [this] { return keep_originals_down(run_); }); !kept)
    run_.world.observer.warn("the sealed original may start again with its host: " + kept.error().describe());
  if (good) run_.platform().clock().sleep(kSettle);
  // The original is off the network: what fails on it now must not keep the clone from serving, nor a bad one from
  // being left again.
  if (auto stopped = run_.ledger.perform_plain("original.stop", "", [this] { return stop_writers(run_); }); !stopped)
    run_.world.observer.warn("the sealed original works on: " + stopped.error().describe());
  if (good) {
    if (auto open = run_.ledger.perform_plain("back.open", "", [this] { return open_way_back(run_); }); !open)
      run_.world.observer.warn("the way back is not open yet, a rollback will try again: " + open.error().describe());
    return {};
  }
  if (const auto sets = one_way_sets(run_.work.plan); !sets.empty()) {
    good.error().message += "; the clone serves on, for going back would lose what was written to " + joined(sets);
    good.error().remedy = one_way_remedy(run_);
    return good;
  }
  run_.world.observer.warn("the check through the entry failed after the switch; going back: " +
                           good.error().describe());
  if (auto back = roll_back(); !back) {
    MOULT_TRY(end_confirm_time(run_));  // a person is told, and decides
    return Unexpected(std::move(back).error());
  }
  return Unexpected(std::move(good).error().within("rolled back, the original serves"));
}

Result<> Conductor::cut_over() {
  for (int attempt = 1;; ++attempt) {
    MOULT_ASSIGN(auto entry, run_.platform().entry(run_.work.appliance.entry));
    MOULT_TRY(advance(RunEvent::cutover));
    Cutover cutover(run_, Direction{true}, std::move(entry));
    auto done = cutover.perform();
    if (done) {
      stall_ms_ = cutover.timeline().marked_ms();
      MOULT_TRY(advance(RunEvent::commit, cutover.facts()));
      return settle_in();
    }
    if (cutover.stuck()) {
      MOULT_TRY(run_.ledger.record("cutover.stuck", facts_of(done.error())));
      return done;
    }
    MOULT_TRY(advance(RunEvent::give_up, facts_of(done.error())));
    if (cutover.off()) return done;
    run_.world.observer.warn("cutover given up, the original serves: " + done.error().describe());
    if (attempt == kCutoverTries || run_.world.interrupt.asked()) return done;
    MOULT_ASSIGN(const auto word, wait_ready(run_, forecast_));
    if (word == Word::abort) return Unexpected(stopped_by_abort());
  }
}

Result<RunEnd> Conductor::go() {
  if (auto ready = until_ready(); !ready) return abort_because(std::move(ready).error());
  return from_ready();
}

Result<RunEnd> Conductor::from_ready() {
  if (run_.work.options.rehearse) return rehearsed();
  auto word = wait_ready(run_, forecast_);
  if (!word) return abort_because(std::move(word).error());
  if (*word == Word::abort) return abort_because(stopped_by_abort());
  if (auto done = cut_over(); !done) {
    if (state_ == RunState::ready) return abort_because(std::move(done).error());
    return Unexpected(std::move(done).error());
  }
  return after_cutover();
}

Result<RunEnd> Conductor::abort_because(Error cause) {
  // An interrupt powers the clones off, which breaks whatever ran in them: the request is the cause, not what it broke.
  if (run_.world.interrupt.asked() && cause.code != Code::interrupted)
    cause = Error{Code::interrupted,
                  "stopped on request, in the middle of: " + cause.describe(),
                  "Start again when you are ready.",
                  {},
                  Disposition::fail};
  name_dead_clones(run_, cause);
  (void)run_.ledger.record("run.failed", facts_of(cause));  // the cause is returned in any case
  run_.world.observer.warn("undoing the run: " + cause.describe());
  auto undone = abort();
  if (!undone) {
    cause.message += "; and undoing it was not complete: " + undone.error().describe();
    cause.remedy = undone.error().remedy;  // what is left comes before what failed
  }
  return Unexpected(std::move(cause));
}

Result<RunEnd> Conductor::abort() {
  if (state_ == RunState::cutting_over) MOULT_TRY(settle_switch());
  if (!next_state(state_, RunEvent::abort))
    return fail(Code::refused, "run " + run_.id() + " is " + std::string(name_of(state_)) + " and cannot be aborted",
                state_ == RunState::confirming
                    ? "The clone serves. Use `moult rollback " + run_.id() + "`; it keeps every write."
                    : "");
  MOULT_TRY(undo_run(run_, "abort"));
  MOULT_TRY(advance(RunEvent::abort));
  MOULT_TRY(sign());
  return RunEnd{state_, 0, {}};
}

Result<> Conductor::check_can_roll_back() {
  if (state_ == RunState::cutting_over) MOULT_TRY(settle_switch());
  if (!next_state(state_, RunEvent::roll_back))
    return fail(
        Code::refused, "run " + run_.id() + " is " + std::string(name_of(state_)) + " and cannot be rolled back",
        state_ == RunState::finished ? "After finish the original is gone; restore a backup." : "Use `moult abort`.");
  return refuse_finishing();
}

/// Some of its machines may be the clone's alone already, under the original's name.
Result<> Conductor::refuse_finishing() {
  MOULT_ASSIGN(const auto finishing, journal_value(run_, kFinishing));
  if (finishing.empty()) return {};
  return fail(Code::refused, "`moult finish` of run " + run_.id() + " was begun, and the way back went with it",
              "`moult finish " + run_.id() + "` again completes it.");
}

Result<RunEnd> Conductor::roll_back() {
  MOULT_TRY(check_can_roll_back());
  MOULT_ASSIGN(const bool switched_back, is_switched_back());
  if (switched_back) return clean_up_rollback();
  if (const auto sets = one_way_sets(run_.work.plan); !sets.empty())
    return fail(
        Code::refused,
        "data set " + joined(sets) +
            " has no way back (migrated without a `downgrade`, `reverse: none`, or `rollback: snapshot`): the original "
            "cannot be given what was written since the cutover",
        one_way_remedy(run_));
  return back_to_original("all");
}

Result<RunEnd> Conductor::roll_back_one_way() {
  MOULT_TRY(check_can_roll_back());
  MOULT_ASSIGN(const bool switched_back, is_switched_back());
  if (switched_back) return clean_up_rollback();
  MOULT_TRY(run_.ledger.record("rollback.one_way", nlohmann::json{{"accepted", one_way_sets(run_.work.plan)}}.dump()));
  return back_to_original("one-way");
}

/// The clone no longer serves and is there still: what its capture holds is what the original never gets.
Result<> Conductor::record_left_behind() {
  nlohmann::json sets = nlohmann::json::object();
  for (std::size_t i = 0; i < run_.back.size(); ++i) {
    const auto& data = run_.work.plan.data[i];
    if (!data.one_way) continue;
    const auto pending = run_.back[i]->pending();
    sets[data.set] = pending ? nlohmann::json{{"paths", pending->paths}, {"bytes", pending->bytes}}
                             : nlohmann::json{{"unknown", pending.error().describe()}};
    run_.world.observer.warn(
        "left behind in " + data.set + ": " +
        (pending ? std::to_string(pending->paths) + " paths written since the cutover" : "it is not known how much"));
  }
  if (sets.empty()) return {};
  return run_.ledger.record("rollback.left_behind", nlohmann::json{{"sets", sets}}.dump());
}

/// Until the original serves; returns the facts of it. On an error the clone serves as before, unless `stuck_`.
Result<std::string> Conductor::switch_back(const char* how) {
  stuck_ = false;
  MOULT_TRY(go_back_on_record(run_, how));
  MOULT_ASSIGN(auto entry, run_.platform().entry(run_.work.appliance.entry));
  Cutover cutover(run_, Direction{false}, std::move(entry));
  auto done = cutover.perform();
  if (done) {
    stall_ms_ = cutover.timeline().marked_ms();
    return cutover.facts();
  }
  stuck_ = cutover.off();
  // Its services were started for the switch that did not come. Where it may have come, they are what will serve.
  const auto stopped = stuck_ ? Result<>{} : stop_writers(run_);
  if (!stopped) run_.world.observer.warn("the sealed original works on: " + stopped.error().describe());
  return Unexpected(std::move(done).error());
}

Result<RunEnd> Conductor::back_to_original(const char* how) {
  auto switched = switch_back(how);
  if (!switched) {
    MOULT_TRY(run_.world.store.journal().put_value(run_.id(), kGoingBack, "no"));
    MOULT_TRY(run_.ledger.record(stuck_ ? "cutover.stuck" : "rollback.given_up", facts_of(switched.error())));
    return Unexpected(std::move(switched).error());
  }
  MOULT_TRY(run_.ledger.record("rollback.switched", *switched));
  MOULT_TRY(record_left_behind());
  auto good = check_through_entry();
  auto end = clean_up_rollback();
  if (end && !good) return Unexpected(std::move(good).error());
  return end;
}

/// The original serves; what the run made goes. May be repeated until it is complete.
Result<RunEnd> Conductor::clean_up_rollback() {
  // A clone that was discarded cannot be asked any more: first the journal says for certain that the original serves.
  MOULT_TRY(run_.world.store.journal().put_value(run_.id(), kSwitchedBack, run_.ledger.stamp().utc));
  MOULT_TRY(undo_run(run_, "rollback"));
  MOULT_TRY(advance(RunEvent::roll_back));
  MOULT_TRY(sign());
  return RunEnd{state_, stall_ms_, {}};
}

Result<RunEnd> Conductor::finish() {
  if (!next_state(state_, RunEvent::finish))
    return fail(Code::refused, "run " + run_.id() + " is " + std::string(name_of(state_)) + " and cannot be finished",
                "A run is finished after its cutover; see `moult status " + run_.id() + "`.");
  MOULT_ASSIGN(const bool switched_back, is_switched_back());
  if (switched_back)
    return fail(Code::refused,
                "run " + run_.id() + " was rolled back, and the original serves: there is no clone to keep",
                "`moult rollback " + run_.id() + "` again completes its clean-up.");
  // A rollback that broke off may have left the clone off the network: it serves before the original goes for good.
  MOULT_ASSIGN(const auto finishing, journal_value(run_, kFinishing));
  if (finishing != "yes") {
    MOULT_TRY(run_.world.store.journal().put_value(run_.id(), kFinishing, "begun"));
    MOULT_TRY(serve_with_clone(run_));
    MOULT_TRY(run_.world.store.journal().put_value(run_.id(), kFinishing, "yes"));
  }
  MOULT_TRY(bring_clones_in(run_));
  MOULT_TRY(finish_run(run_));
  MOULT_TRY(advance(RunEvent::finish));
  MOULT_TRY(sign());
  return RunEnd{state_, stall_ms_, {}};
}

}  // namespace moult
