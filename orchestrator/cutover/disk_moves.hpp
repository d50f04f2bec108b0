#pragma once

#include <functional>
#include <vector>

#include "migration/disk_move.hpp"
#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

// One machine's disks that change hands, and the services that use them.
namespace moult {

[[nodiscard]] std::vector<DiskMove*> moves_on(RunContext& run, const Direction& way, const MachinePair& pair);

using OnMachine = std::function<Result<>(const MachinePair&, const std::vector<DiskMove*>&)>;
/// Machines side by side, of those that have such disks.
[[nodiscard]] Result<> each_with_disks(RunContext& run, const Direction& way, const OnMachine& job);
[[nodiscard]] Result<> each_move(const std::vector<DiskMove*>& moves, Result<> (DiskMove::*what)());

[[nodiscard]] Result<bool> runs(RunContext& run, const MachineRef& machine);

[[nodiscard]] Result<> stop_services_with_disks(RunContext& run, const MachinePair& pair, const MachineRef& machine);
/// Of a machine that is off nothing is started: its services start with it.
[[nodiscard]] Result<> start_services_with_disks(RunContext& run, const MachinePair& pair, const MachineRef& machine);

}  // namespace moult
