// How a run goes on whose process died: one action for each state, after the world was asked which side serves.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "orchestrator/conductor.hpp"
#include "orchestrator/serving.hpp"
#include "orchestrator/throttle.hpp"

namespace moult {
namespace {

/// Both sides still know what was carried: a helper that was begun anew, or a capture that ended, has no digest.
Result<> take_up_sets(RunContext& run) {
  for (auto& set : run.forward) {
    MOULT_TRY(set->pending().map([](const Pending&) {}));
    MOULT_TRY(set->verify().map([](const Verification&) {}));
    MOULT_TRY(set->take_up());
  }
  return {};
}

/// A step of this name was ended, well or not.
Result<bool> was_concluded(RunContext& run, std::string_view name) {
  MOULT_ASSIGN(const auto steps, run.world.store.journal().steps(run.id()));
  return std::any_of(steps.begin(), steps.end(), [name](const StepRecord& step) {
    return step.step == name && (step.outcome == StepOutcome::done || step.outcome == StepOutcome::failed);
  });
}

/// Nobody may guess which side holds what clients were told is safe.
Error for_a_person(const RunContext& run, Error error) {
  error.within("it is not known which side of run " + run.id() + " serves");
  error.remedy = "Let the host and its libvirt answer, then `moult resume " + run.id() +
                 "` again. Until then nothing is changed; `moult audit show " + run.id() +
                 "` says how far it came, docs/recovery.md how to look by hand.";
  return error;
}

}  // namespace

/// The process that cut over died, or could not write down that it had. Before the switch the cutover counts as given
/// up. After it the clone may hold what clients were told is safe, so the only way is forward: the switch is made
/// whole.
Result<> Conductor::settle_switch() {
  auto switched = may_have_switched(run_, Direction{true});
  if (!switched) return Unexpected(for_a_person(run_, std::move(switched).error()));
  if (!*switched) return advance(RunEvent::give_up);
  MOULT_TRY(serve_with_clone(run_));
  return advance(RunEvent::commit, R"({"found":"the switch was begun before this process"})");
}

/// The same for a rollback. It is written down, so that nothing is carried to the original any more.
Result<bool> Conductor::is_switched_back() {
  MOULT_ASSIGN(const auto since, journal_value(run_, kSwitchedBack));
  if (!since.empty()) return true;
  auto switched = may_have_switched(run_, Direction{false});
  if (!switched) return Unexpected(for_a_person(run_, std::move(switched).error()));
  if (!*switched) return false;
  MOULT_TRY(serve_with_original(run_));
  MOULT_TRY(run_.world.store.journal().put_value(run_.id(), kSwitchedBack, run_.ledger.stamp().utc));
  return true;
}

/// Captures and clones outlive their orchestrator, but not a reboot.
Result<bool> Conductor::clones_usable() {
  if (state_ != RunState::converging && state_ != RunState::ready) return false;
  for (const auto& pair : run_.machines())
    for (const auto* machine : {&pair.original, &pair.clone}) {
      MOULT_ASSIGN(const auto facts, run_.platform().lifecycle().inspect(*machine));
      if (facts.state != PowerState::running) return false;
    }
  const auto taken_up = take_up_sets(run_);
  if (!taken_up) run_.world.observer.note("the clone is made anew: " + taken_up.error().describe());
  return taken_up.has_value();
}

Result<> Conductor::return_to_ready() {
  MOULT_TRY(run_.world.interrupt.check());
  MOULT_TRY(serve_with_original(run_));
  MOULT_TRY(lift_throttles(run_));  // whether it must be slowed again, rounds will tell
  MOULT_ASSIGN(const bool usable, clones_usable());
  if (!usable) {
    MOULT_TRY(undo_run(run_, "abort"));
    if (state_ != RunState::cloning) MOULT_TRY(advance(RunEvent::restart));
    return clone_until_ready();
  }
  MOULT_TRY(converge(run_, forecast_));
  return state_ == RunState::converging ? advance(RunEvent::settle) : Result<>{};
}

Result<RunEnd> Conductor::go_on_rolling_back() {
  MOULT_ASSIGN(const auto how, journal_value(run_, kGoingBack));
  return how == "one-way" ? roll_back_one_way() : roll_back();
}

/// What follows a switch was done, and the clone found to serve well.
Result<bool> Conductor::is_settled() {
  MOULT_ASSIGN(const auto checked, journal_value(run_, kChecked));
  MOULT_ASSIGN(const bool stopped, was_concluded(run_, "original.stop"));
  return stopped && checked == "yes";
}

/// The clone serves, unless a rollback had its switch behind it.
Result<RunEnd> Conductor::resume_confirming() {
  MOULT_ASSIGN(const bool switched_back, is_switched_back());
  if (switched_back) return clean_up_rollback();
  MOULT_ASSIGN(const auto finishing, journal_value(run_, kFinishing));
  if (!finishing.empty()) return finish();
  MOULT_TRY(serve_with_clone(run_));
  MOULT_ASSIGN(const auto going_back, journal_value(run_, kGoingBack));
  if (going_back == "all" || going_back == "one-way") return go_on_rolling_back();
  MOULT_ASSIGN(const bool settled, is_settled());
  if (!settled) MOULT_TRY(settle_in());
  return after_cutover();
}

Result<RunEnd> Conductor::resume() {
  if (is_over(state_))
    return fail(Code::refused, "run " + run_.id() + " is " + std::string(name_of(state_)) + ": nothing is left to do",
                "`moult runs` lists the runs and their states.");
  MOULT_TRY(run_.ledger.record("run.resumed", nlohmann::json{{"state", name_of(state_)}}.dump()));
  if (state_ == RunState::cutting_over) MOULT_TRY(settle_switch());
  if (state_ == RunState::confirming) return resume_confirming();
  if (state_ == RunState::planned) return go();
  if (auto ready = return_to_ready(); !ready) return abort_because(std::move(ready).error());
  return from_ready();
}

}  // namespace moult
