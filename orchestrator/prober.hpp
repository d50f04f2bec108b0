#pragma once

#include "drivers/platform.hpp"
#include "orchestrator/plan.hpp"

namespace moult {

/// A machine of the appliance as a driver addresses it.
[[nodiscard]] MachineRef ref_of(const ApplianceDescriptor& appliance, const MachineEntry& machine);

/// Looks at the world: facts of all machines, levels of all components, room for overlays. Machines side by side,
/// one component after another within a machine. Changes nothing; what does not answer is part of the answer.
[[nodiscard]] WorldView look(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance,
                             Platform& platform);

}  // namespace moult
