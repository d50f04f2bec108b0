#pragma once

#include <map>
#include <string>

#include "orchestrator/run_context.hpp"
#include "orchestrator/stall_forecast.hpp"

namespace moult {

/// One round of every set, side by side; samples go to the forecast. Error: conflict, with the paths.
[[nodiscard]] Result<> carry_all(RunContext& run, StallForecast& forecast);
[[nodiscard]] Result<std::map<std::string, Pending>> pending_all(RunContext& run);
/// Refuses when paths changed on both sides and no rule decides.
[[nodiscard]] Result<> refuse_conflicts(const std::string& set, const RoundReport& report);

}  // namespace moult
