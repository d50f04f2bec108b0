#pragma once

#include "orchestrator/run_context.hpp"
#include "orchestrator/stall_forecast.hpp"

namespace moult {

/// Measures, out of the clients' sight, what the parts of the cutover will cost on this appliance: the clones' NICs are
/// moved to the run's second network and back, `activate` hooks and checks run on the clone, digests are computed once,
/// which also warms them.
[[nodiscard]] Result<> rehearse_parts(RunContext& run, StallForecast& forecast);

/// Measures the digests again. What is pending is read for them, so they cost less once there is less of it.
[[nodiscard]] Result<> rehearse_verify(RunContext& run, StallForecast& forecast);
/// The part of the forecast that it is.
inline constexpr const char* kVerifyPart = "verify";

/// Runs `activate` and the checks of all updated components on the side that will serve.
[[nodiscard]] Result<> activate_clone(RunContext& run);

}  // namespace moult
