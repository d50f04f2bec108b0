#pragma once

#include <functional>
#include <string>
#include <vector>

#include "drivers/platform.hpp"
#include "orchestrator/plan.hpp"

namespace moult {

/// How the level of one component is found, and where.
struct LevelProbe {
  std::string component, machine;
  Location at;  ///< of the rule
  std::function<Result<std::optional<std::string>>(GuestAccess& guest)> find;
};

/// A machine of the appliance as a driver addresses it.
[[nodiscard]] MachineRef ref_of(const ApplianceDescriptor& appliance, const MachineEntry& machine);

/// The rules of a maintenance descriptor, whose schemes must be able to read what is found. It and the clock outlive
/// them.
[[nodiscard]] std::vector<LevelProbe> probes_of(const MaintenanceDescriptor& maintenance, Clock& clock);
/// The rules of the appliance's own components, whatever they print. It outlives them.
[[nodiscard]] std::vector<LevelProbe> probes_of(const ApplianceDescriptor& appliance);

/// Looks at the levels: facts of all machines, levels by `probes`. Machines side by side, one component after another
/// within a machine. Changes nothing; what does not answer is part of the answer.
[[nodiscard]] WorldView look_at_levels(const ApplianceDescriptor& appliance, const std::vector<LevelProbe>& probes,
                                       Platform& platform);
/// The same by the maintenance's rules, and room for overlays.
[[nodiscard]] WorldView look(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance,
                             Platform& platform);

}  // namespace moult
