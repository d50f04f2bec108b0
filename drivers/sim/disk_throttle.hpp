#pragma once

#include "drivers/disk_throttle.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

class SimDiskThrottle final : public DiskThrottle {
 public:
  explicit SimDiskThrottle(World& world) : world_(world) {}
  Result<std::string> limits(const MachineRef& machine) override;
  Result<> limit(const MachineRef& machine, std::uint64_t bytes_per_second, const std::string& before) override;
  Result<> restore(const MachineRef& machine, const std::string& before) override;
  Result<std::map<std::string, std::uint64_t>> written(const MachineRef& machine) override;

 private:
  Result<Domain*> running(const MachineRef& machine);
  World& world_;
};

}  // namespace moult::sim
