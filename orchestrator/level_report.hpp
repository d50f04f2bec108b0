#pragma once

#include <optional>
#include <string>
#include <vector>

#include "orchestrator/plan.hpp"

namespace moult {

/// One line of what `moult probe` found.
struct LevelRow {
  std::string component, machine;
  std::optional<std::string> found;  ///< nothing: not installed, or nobody answered
  std::string target;                ///< empty without a maintenance descriptor that names the component
  std::optional<Verdict> verdict;    ///< nothing: installed, and there is no target to compare it with
  Millis took{0};
};

/// The level of each component on each machine, and what did not answer.
struct LevelReport {
  std::string appliance;
  std::vector<LevelRow> rows;  ///< in the order of the maintenance, then of the appliance
  std::vector<PlannedMachine> machines;
  std::vector<Error> problems;  ///< machines and detections that did not answer, each once
};

/// Puts together what was seen; `maintenance` may be null. Pure.
[[nodiscard]] LevelReport make_level_report(const ApplianceDescriptor& appliance,
                                            const MaintenanceDescriptor* maintenance, const WorldView& world);
[[nodiscard]] std::string levels_to_table(const LevelReport& report);
[[nodiscard]] std::string levels_to_json(const LevelReport& report);

}  // namespace moult
