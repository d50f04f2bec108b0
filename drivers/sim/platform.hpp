#pragma once

#include <memory>

#include "drivers/platform.hpp"
#include "drivers/sim/options.hpp"
#include "drivers/sim/world.hpp"

namespace moult {

/// A platform whose world is simulated, and can be looked into.
class SimPlatform : public Platform {
 public:
  /// The world behind the seams: clients' accounts, violations, trace, faults. Owned by the platform.
  virtual sim::World& world() = 0;
};

/// Builds a world in which the appliance runs, with the maintenance descriptor's components at old levels. With a world
/// file: goes on in the world that the file holds, and keeps it there after every call, so that several processes may
/// act on it in turn. Errors: invalid (no machines, a world file that is none or is another appliance's), io.
[[nodiscard]] Result<std::unique_ptr<SimPlatform>> make_sim_platform(const SimOptions& options);

/// A second set of seams on a world that somebody else owns: for the process that comes after one that was killed.
[[nodiscard]] std::unique_ptr<SimPlatform> make_sim_platform(sim::World& world);

}  // namespace moult
