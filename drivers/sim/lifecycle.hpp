#pragma once

#include "drivers/machine_lifecycle.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

class SimLifecycle final : public MachineLifecycle {
 public:
  explicit SimLifecycle(World& world) : world_(world) {}
  Result<MachineFacts> inspect(const MachineRef& machine) override;
  Result<> start(const MachineRef& machine) override;
  Result<> stop(const MachineRef& machine, Millis grace) override;
  Result<> reboot(const MachineRef& machine) override;
  Result<> set_autostart(const MachineRef& machine, bool on) override;

 private:
  World& world_;
};

/// The error for a domain that is not there.
[[nodiscard]] Unexpected no_domain(const MachineRef& machine);
/// The error for a host that no machine of the world is on.
[[nodiscard]] Result<> check_host(const World& world, const std::string& uri);

}  // namespace moult::sim
