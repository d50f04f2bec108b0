#include "orchestrator/phases/comparison.hpp"
#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/requests.hpp"
#include "orchestrator/store/utc.hpp"

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

/// Too long a stall, foreseen: who asked for the cutover is told, and asks again. A cutover that is due waits for its
/// moment, and says so now and then.
class TooLong {
 public:
  explicit TooLong(RunContext& run) : run_(run) {}

  Result<> say(Millis stall, bool asked) {
    const auto error = over_budget(run_, stall);
    if (asked) MOULT_TRY(run_.ledger.record("cutover.refused", facts_of(error)));
    const auto now = run_.platform().clock().steady();
    if (!asked && now < silent_until_) return {};
    if (!asked) silent_until_ = now + kSayAgain;
    run_.world.observer.warn("no cutover yet: " + error.describe());
    return {};
  }

 private:
  RunContext& run_;
  Clock::Steady silent_until_ = Clock::Steady::min();
};

}  // namespace

Result<Word> wait_ready(RunContext& run, StallForecast& forecast) {
  say_what_is_awaited(run);
  TooLong too_long(run);
  BackgroundComparison comparison(run.forward, run.ledger, run.platform().clock());
  for (int pause = 0;; ++pause) {
    MOULT_TRY(run.world.interrupt.check());
    MOULT_ASSIGN(const auto asked, take_request(run.world.store, run.id()));
    if (asked == Request::abort) return Word::abort;
    if (pause % kPausesBetweenRounds == 0) MOULT_TRY(carry_all(run, forecast));
    // Between rounds, and not in the pause in which the word came: no cutover waits for it.
    if (pause % kPausesBetweenRounds == kPauseOfComparison && asked != Request::cutover) MOULT_TRY(comparison.go_on());
    if (asked == Request::cutover || due(run)) {
      MOULT_ASSIGN(const auto pending, pending_all(run));
      const auto stall = forecast.stall(pending);
      if (stall <= run.work.options.max_stall) return Word::cut_over;
      MOULT_TRY(too_long.say(stall, asked == Request::cutover));
    }
    run.platform().clock().sleep(kPause);
  }
}

}  // namespace moult
