#pragma once

#include <string>
#include <vector>

#include "drivers/platform.hpp"
#include "drivers/sim/platform.hpp"

namespace moult::sim::test {

/// Protections of the script that can be left out, to see that the world notices.
struct Leave {
  bool last_round = false;     ///< no round under the fence
  bool seal = false;           ///< the original stays on the network
  bool capture_first = false;  ///< capture starts after the snapshot
};

/// An upgrade of the notes appliance through the seams alone, without journal, plan or gates: what the orchestrator
/// does, as one straight script. Stops at the first error.
[[nodiscard]] Result<> scripted_upgrade(Platform& platform, const SimOptions& options, const Leave& leave = {});
/// The clones are discarded and the originals are as before.
[[nodiscard]] Result<> scripted_undo(Platform& platform, const SimOptions& options);
/// The machines of the options.
[[nodiscard]] std::vector<MachineRef> machines_of(const SimOptions& options);

inline const std::string kRun = "r1";

}  // namespace moult::sim::test
