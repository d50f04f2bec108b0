#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/run_context.hpp"
#include "orchestrator/stall_forecast.hpp"

namespace moult {

/// One round of every set, side by side; samples go to the forecast. Where it fails for a helper that was lost,
/// what was lost is renewed if that helps (phases/captures.hpp), and it is tried once more. Error: conflict, with the
/// paths.
[[nodiscard]] Result<> carry_all(RunContext& run, StallForecast& forecast);
/// A round that ended: its row in the audit log, unless it carried nothing, and its conflicts refused.
[[nodiscard]] Result<> record_round(RunContext& run, const std::string& set, const Result<RoundReport>& report);
/// The facts of that row.
[[nodiscard]] std::string round_facts(const std::string& set, const RoundReport& report);
/// As carry_all, where a helper was lost.
[[nodiscard]] Result<std::map<std::string, Pending>> pending_all(RunContext& run);
/// Ends the captures on a machine that stays when the run is over: of the sets that go forward on the original, of
/// those that go back on the clone. What cannot be taken away is warned of and in the audit log, and holds nothing up.
[[nodiscard]] Result<> stop_captures(RunContext& run, const std::vector<std::unique_ptr<DataStrategy>>& sets,
                                     const MachinePair& pair);
/// Paths for a person or an audit row: the first twenty and "..." for more, each safe for a terminal.
[[nodiscard]] std::vector<std::string> shown_paths(const std::vector<std::string>& paths);
/// Refuses when paths changed on both sides and no rule decides.
[[nodiscard]] Result<> refuse_conflicts(const std::string& set, const RoundReport& report);

}  // namespace moult
