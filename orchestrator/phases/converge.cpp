#include <fmt/format.h>

#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/rehearse.hpp"
#include "orchestrator/phases/rounds.hpp"

namespace moult {
namespace {

/// After so many rounds that do not fit, the person is told, with figures.
constexpr int kRoundsBeforeWarning = 10;

/// What no further round can make shorter.
Result<> check_fixed_parts(const RunContext& run, const StallForecast& forecast) {
  const auto fixed = forecast.stall({});
  if (fixed <= run.work.options.max_stall) return {};
  std::string parts;
  for (const auto& [part, took] : forecast.parts()) parts += fmt::format(" {} {} ms,", part, took.count());
  parts.pop_back();
  return fail(
      Code::refused,
      fmt::format("the cutover would stall clients for {} ms before any data is carried, over the budget of {} ms:{}",
                  fixed.count(), run.work.options.max_stall.count(), parts),
      "Raise --max-stall, or make the part that weighs most lighter.");
}

}  // namespace

Result<> converge(RunContext& run, StallForecast& forecast) {
  MOULT_TRY(rehearse_parts(run, forecast));
  MOULT_TRY(check_fixed_parts(run, forecast));
  for (int round = 1;; ++round) {
    MOULT_TRY(run.world.interrupt.check());
    MOULT_TRY(carry_all(run, forecast));
    MOULT_ASSIGN(const auto pending, pending_all(run));
    const auto stall = forecast.stall(pending);
    if (stall <= run.work.options.max_stall) {
      run.world.observer.note(fmt::format("forecast stall {} ms, within the budget of {} ms", stall.count(),
                                          run.work.options.max_stall.count()));
      return {};
    }
    if (round % kRoundsBeforeWarning == 0)
      run.world.observer.warn(
          fmt::format("after {} rounds the forecast stall is {} ms, over the budget of {} ms (the last round alone {} "
                      "ms): the data is "
                      "written as fast as it is carried over; raise --max-stall, or try when there is less load",
                      round, stall.count(), run.work.options.max_stall.count(), forecast.last_round(pending).count()));
  }
}

}  // namespace moult
