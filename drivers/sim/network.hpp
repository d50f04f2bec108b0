#pragma once

#include "drivers/network_port.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

[[nodiscard]] inline std::string isolated_network(const std::string& run) { return "moult-" + run + "-isolated"; }
[[nodiscard]] inline std::string sealed_network(const std::string& run) { return "moult-" + run + "-sealed"; }

class SimNetwork final : public NetworkPort {
 public:
  explicit SimNetwork(World& world) : world_(world) {}
  Result<> create(const std::string& run, const std::string& uri) override;
  Result<> remove(const std::string& run, const std::string& uri) override;
  Result<> move(const std::string& run, const MachineRef& original, const MachineRef& machine, Side to) override;
  Result<Side> where(const std::string& run, const MachineRef& machine) override;
  Result<> keep_sealed(const std::string& run, const MachineRef& original) override;
  Result<> lift_seal(const MachineRef& original) override;

 private:
  World& world_;
};

}  // namespace moult::sim
