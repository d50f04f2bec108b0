// A run whose clone serves: until it is confirmed, finished or rolled back.
#include <nlohmann/json.hpp>

#include "orchestrator/conductor.hpp"
#include "orchestrator/serving.hpp"

namespace moult {
namespace {

/// A rollback for which the time is over is tried so often before a person is asked, with this pause between.
constexpr int kTries = 3;
constexpr Millis kTryAgain{10000};

/// Who began the upgrade and waits for it does not take a way back for its success.
Error rolled_back_instead(Ending ending) {
  const bool late = ending == Ending::timed_out;
  return {late ? Code::timeout : Code::interrupted,
          late ? "nobody confirmed the cutover in time: rolled back, the original serves, and no write is lost"
               : "rolled back on request (`moult rollback`): the original serves",
          "Start again when you are ready; `moult confirm` keeps the clone.",
          {},
          Disposition::fail};
}

}  // namespace

Result<RunEnd> Conductor::after_cutover() {
  MOULT_TRY(sign());
  MOULT_ASSIGN(const auto left, confirm_time_left(run_));
  if (left) return until_confirmed();
  // Who went back, and could not, decides what comes next.
  MOULT_ASSIGN(const auto going_back, journal_value(run_, kGoingBack));
  if (run_.work.options.finish && going_back.empty()) return finish();
  return RunEnd{state_, stall_ms_, {}};
}

/// Where neither side serves, or the original does and the clone is only to be cleaned up, the only word is the
/// rollback's.
Result<Ending> Conductor::next_ending() {
  MOULT_ASSIGN(const auto switched_back, journal_value(run_, kSwitchedBack));
  if (!stuck_ && switched_back.empty()) return await_confirmation(run_);
  MOULT_TRY(run_.world.interrupt.check());
  return Ending::timed_out;
}

Result<RunEnd> Conductor::until_confirmed() {
  for (int failed = 0;;) {
    MOULT_ASSIGN(const auto ending, next_ending());
    if (ending == Ending::confirmed || ending == Ending::finish) MOULT_TRY(moult::confirm(run_));
    if (ending == Ending::confirmed) return after_cutover();
    if (ending == Ending::finish) {
      auto end = finish();
      if (!end) MOULT_TRY(run_.ledger.record("finish.failed", facts_of(end.error())));
      return end;
    }
    auto end = back_as_asked(ending);
    if (end) return Unexpected(rolled_back_instead(ending));
    // What the journal holds counts, also where its last answer was lost: a run that is over is left alone.
    MOULT_ASSIGN(const auto record, run_.world.store.journal().run(run_.id()));
    state_ = run_state_of(record.state).value_or(state_);
    MOULT_ASSIGN(const auto switched_back, journal_value(run_, kSwitchedBack));
    const bool clone_serves = !stuck_ && switched_back.empty();
    // Who asked for it hears what is left to do. The time asks again, as the remedy says.
    if (state_ != RunState::confirming || (!clone_serves && ending != Ending::timed_out)) return end;
    run_.world.observer.warn((clone_serves ? "not rolled back, the clone serves on: " : "not rolled back yet: ") +
                             end.error().describe());
    if (ending != Ending::timed_out) continue;
    if (++failed == kTries) {
      MOULT_TRY(end_confirm_time(run_));
      return end;
    }
    run_.platform().clock().sleep(kTryAgain);
  }
}

Result<RunEnd> Conductor::back_as_asked(Ending ending) {
  if (ending == Ending::timed_out) {
    run_.world.observer.warn("run " + run_.id() + " was not confirmed in time; going back");
    MOULT_TRY(run_.ledger.record("confirm.timed_out", "{}"));
  }
  auto end = ending == Ending::roll_back_one_way ? roll_back_one_way() : roll_back();
  if (!end) MOULT_TRY(run_.ledger.record("rollback.refused", facts_of(end.error())));
  return end;
}

Result<RunEnd> Conductor::confirm() {
  if (state_ == RunState::cutting_over) MOULT_TRY(settle_switch());
  if (state_ != RunState::confirming)
    return fail(Code::refused, "run " + run_.id() + " is " + std::string(name_of(state_)) + " and cannot be confirmed",
                "A run is confirmed after its cutover; see `moult status " + run_.id() + "`.");
  MOULT_TRY(refuse_finishing());
  MOULT_ASSIGN(const bool switched_back, is_switched_back());
  MOULT_ASSIGN(const auto going_back, journal_value(run_, kGoingBack));
  if (switched_back || going_back == "all" || going_back == "one-way")
    return fail(Code::refused, "run " + run_.id() + " is being rolled back: there is no clone to keep",
                "`moult resume " + run_.id() + "` completes the rollback.");
  MOULT_TRY(serve_with_clone(run_));
  MOULT_ASSIGN(const bool settled, is_settled());
  if (!settled) MOULT_TRY(settle_in());
  MOULT_TRY(moult::confirm(run_));
  return after_cutover();
}

}  // namespace moult
