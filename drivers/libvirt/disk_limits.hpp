#pragma once

#include "drivers/disk_throttle.hpp"
#include "drivers/libvirt/host.hpp"

namespace moult::virt {

/// By QEMU's own throttling of each disk (`virsh blkdeviotune --live`).
class DiskLimits : public DiskThrottle {
 public:
  explicit DiskLimits(Hosts& hosts) : hosts_(hosts) {}
  Result<std::string> limits(const MachineRef& machine) override;
  Result<> limit(const MachineRef& machine, std::uint64_t bytes_per_second, const std::string& before) override;
  Result<> restore(const MachineRef& machine, const std::string& before) override;
  Result<std::map<std::string, std::uint64_t>> written(const MachineRef& machine) override;

 private:
  Hosts& hosts_;
};

}  // namespace moult::virt
