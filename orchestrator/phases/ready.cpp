#include <optional>

#include "orchestrator/phases/brake.hpp"
#include "orchestrator/phases/comparison.hpp"
#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/requests.hpp"
#include "orchestrator/store/utc.hpp"
#include "orchestrator/throttle.hpp"

namespace moult {
namespace {

constexpr Millis kPause{200};  ///< between looks for a word
constexpr Millis kSayAgain{60000};
constexpr int kPausesBetweenRounds{5};  ///< a round a second while waiting
constexpr int kPauseOfComparison{2};

bool due(const RunContext& run) {
  switch (run.work.options.cutover) {
    case CutoverMode::automatic:
      return true;
    case CutoverMode::manual:
      return false;
    case CutoverMode::at_time:
      return run.world.platform.clock().utc() >= run.work.options.at;
  }
  return false;
}

void say_what_is_awaited(RunContext& run) {
  if (run.work.options.cutover == CutoverMode::manual)
    run.world.observer.note("ready; waiting for `moult cutover " + run.id() + "` (or `moult abort " + run.id() + "`)");
  if (run.work.options.cutover == CutoverMode::at_time)
    run.world.observer.note("ready; waiting until " + utc_text(run.work.options.at));
}

Error over_budget(const RunContext& run, Millis stall) {
  return {Code::refused,
          "clients would have to wait about " + std::to_string(stall.count()) + " ms, over the budget of " +
              std::to_string(run.work.options.max_stall.count()) + " ms",
          "Wait for less load, or start again with a larger --max-stall.",
          {},
          Disposition::fail};
}

/// A cutover that is due, or asked for, and whether its stall is foreseen to fit the budget. Where it is not, who asked
/// for it is told, and asks again; one that is due waits for its moment, and says so now and then. With
/// RunOptions::throttle rounds follow each other at once instead, until it fits or slowing has done all that it can.
class Wanted {
 public:
  Wanted(RunContext& run, StallForecast& forecast) : run_(run), forecast_(forecast) { brake_.emplace(run, forecast); }

  [[nodiscard]] bool presses() const { return run_.work.options.throttle && !brake_->spent(); }

  /// Takes a word; true as long as one is open.
  bool by(Request word) {
    if (word == Request::cutover) brake_.emplace(run_, forecast_);
    asked_ = asked_ || word == Request::cutover;
    return asked_;
  }

  Result<bool> fits() {
    MOULT_ASSIGN(const auto pending, pending_all(run_));
    const auto stall = forecast_.stall(pending);
    if (stall <= run_.work.options.max_stall) return true;
    if (presses()) MOULT_TRY(brake_->after_round(pending));
    const bool refused = asked_ && !presses();
    MOULT_TRY(say(over_budget(run_, stall), refused));
    if (refused) asked_ = false;
    return false;
  }

 private:
  Result<> say(const Error& error, bool refused) {
    if (refused) MOULT_TRY(run_.ledger.record("cutover.refused", facts_of(error)));
    const auto now = run_.platform().clock().steady();
    if (!refused && now < silent_until_) return {};
    if (!refused) silent_until_ = now + kSayAgain;
    run_.world.observer.warn("no cutover yet: " + error.describe());
    return {};
  }

  RunContext& run_;
  StallForecast& forecast_;
  std::optional<Brake> brake_;  ///< of this word
  bool asked_ = false;
  Clock::Steady silent_until_ = Clock::Steady::min();
};

}  // namespace

Result<Word> wait_ready(RunContext& run, StallForecast& forecast) {
  if (!due(run)) MOULT_TRY(lift_throttles(run));
  say_what_is_awaited(run);
  Wanted wanted(run, forecast);
  BackgroundComparison comparison(run.forward, run.ledger, run.platform().clock());
  for (int pause = 0;; ++pause) {
    MOULT_TRY(run.world.interrupt.check());
    MOULT_ASSIGN(const auto asked, take_request(run.world.store, run.id()));
    if (asked == Request::abort) return Word::abort;
    const bool now = wanted.by(asked) || due(run);
    const bool at_once = now && wanted.presses();
    if (at_once || pause % kPausesBetweenRounds == 0) MOULT_TRY(carry_all(run, forecast));
    // Between rounds, and not in the pause in which the word came: no cutover waits for it.
    if (!now && pause % kPausesBetweenRounds == kPauseOfComparison) MOULT_TRY(comparison.go_on());
    if (now) {
      MOULT_ASSIGN(const bool fits, wanted.fits());
      if (fits) return Word::cut_over;
    }
    if (!at_once) run.platform().clock().sleep(kPause);
  }
}

}  // namespace moult
