#include <fmt/format.h>

#include "orchestrator/phases/brake.hpp"
#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/rehearse.hpp"
#include "orchestrator/phases/rounds.hpp"

namespace moult {
namespace {

/// Digests that are too long so often, with little pending, will not get shorter.
constexpr int kVerifyTries = 3;

/// What no further round can make shorter: all parts that were measured, with the digests or without.
Result<> check_fixed_parts(const RunContext& run, const StallForecast& forecast, Millis without) {
  const auto fixed = forecast.stall({}) - without;
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

/// Foresees the stall with what is pending. Digests were measured while much was: where they alone are too much, they
/// are measured again.
class Foresight {
 public:
  Foresight(RunContext& run, StallForecast& forecast) : run_(run), forecast_(forecast) {}

  Result<Millis> stall(const std::map<std::string, Pending>& pending) {
    const auto budget = run_.work.options.max_stall;
    const auto stall = forecast_.stall(pending);
    if (stall <= budget || stall - forecast_.part(kVerifyPart) > budget) return stall;
    MOULT_TRY(rehearse_verify(run_, forecast_));
    if (++tries_ >= kVerifyTries) MOULT_TRY(check_fixed_parts(run_, forecast_, Millis{0}));
    return forecast_.stall(pending);
  }

 private:
  RunContext& run_;
  StallForecast& forecast_;
  int tries_ = 0;
};

}  // namespace

Result<> converge(RunContext& run, StallForecast& forecast) {
  MOULT_TRY(rehearse_parts(run, forecast));
  MOULT_TRY(check_fixed_parts(run, forecast, forecast.part(kVerifyPart)));
  Foresight foresight(run, forecast);
  for (Brake brake(run, forecast);;) {
    MOULT_TRY(run.world.interrupt.check());
    MOULT_TRY(carry_all(run, forecast));
    MOULT_ASSIGN(const auto pending, pending_all(run));
    MOULT_ASSIGN(const auto stall, foresight.stall(pending));
    if (stall <= run.work.options.max_stall) {
      run.world.observer.note(fmt::format("forecast stall {} ms, within the budget of {} ms", stall.count(),
                                          run.work.options.max_stall.count()));
      return {};
    }
    MOULT_TRY(brake.after_round(pending));
  }
}

}  // namespace moult
