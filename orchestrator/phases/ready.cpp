#include <nlohmann/json.hpp>

#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/requests.hpp"
#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

constexpr Millis kPause{200};           ///< between looks for a word
constexpr int kPausesBetweenRounds{5};  ///< a round a second while waiting

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

}  // namespace

Result<Word> wait_ready(RunContext& run, StallForecast& forecast) {
  say_what_is_awaited(run);
  for (int pause = 0;; ++pause) {
    MOULT_TRY(run.world.interrupt.check());
    MOULT_ASSIGN(const auto asked, take_request(run.world.store.journal(), run.id()));
    if (asked == Request::abort) return Word::abort;
    if (pause % kPausesBetweenRounds == 0) MOULT_TRY(carry_all(run, forecast));
    if (asked == Request::cutover || due(run)) {
      MOULT_ASSIGN(const auto pending, pending_all(run));
      if (forecast.stall(pending) <= run.work.options.max_stall) return Word::cut_over;
      if (asked == Request::cutover) MOULT_TRY(put_request(run.world.store.journal(), run.id(), Request::cutover));
    }
    run.platform().clock().sleep(kPause);
  }
}

}  // namespace moult
