#include "orchestrator/phases/rehearse.hpp"

#include "drivers/component_driver.hpp"
#include "orchestrator/cutover/disks.hpp"

namespace moult {
namespace {

Result<> timed(RunContext& run, StallForecast& forecast, const char* part, const std::function<Result<>()>& effect) {
  const auto begin = run.platform().clock().steady();
  MOULT_TRY(effect());
  forecast.measured(part, std::chrono::duration_cast<Millis>(run.platform().clock().steady() - begin));
  return {};
}

Result<> move_clones(RunContext& run, Side to) {
  return run.each_machine([&run, to](const MachinePair& pair) {
    return run.platform().network().move(run.id(), pair.original, pair.clone, to);
  });
}

Result<> digest_all(RunContext& run) {
  std::vector<Workers::Job> jobs;
  for (auto& set : run.forward)
    jobs.emplace_back([set = set.get()]() -> Result<> {
      auto verification = set->verify();  // whether it is equal only counts under the fence
      if (!verification) return pass(std::move(verification));
      return {};
    });
  return run.platform().workers().all(std::move(jobs));
}

}  // namespace

Result<> activate_clone(RunContext& run) {
  return run.each_machine([&run](const MachinePair& pair) -> Result<> {
    for (const auto& component : run.work.maintenance.components) {
      if (component.machine != pair.original.name || !run.is_updated(component.name)) continue;
      if (component.hooks.activate.empty()) continue;
      MOULT_TRY(run.hook("activate", component.hooks.activate, pair.clone));
      MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.clone));
      MOULT_TRY(run_check(component.check, session->access(), run.platform().clock()));
    }
    return {};
  });
}

Result<> rehearse_parts(RunContext& run, StallForecast& forecast) {
  if (has_disks(run)) {
    MOULT_TRY(rehearse_disks(run));
    forecast.measured("hand-over", run.hand_over_takes);
  }
  MOULT_TRY(timed(run, forecast, "seal", [&run] { return move_clones(run, Side::sealed); }));
  MOULT_TRY(timed(run, forecast, "switch", [&run] { return move_clones(run, Side::isolated); }));
  MOULT_TRY(timed(run, forecast, "activate", [&run] { return activate_clone(run); }));
  MOULT_TRY(digest_all(run));  // the first one reads everything; the next ones cost what changed
  return rehearse_verify(run, forecast);
}

Result<> rehearse_verify(RunContext& run, StallForecast& forecast) {
  return timed(run, forecast, kVerifyPart, [&run] { return digest_all(run); });
}

}  // namespace moult
