#pragma once

#include "drivers/libvirt/host.hpp"
#include "drivers/network_port.hpp"

namespace moult::virt {

/// A run's two networks on a host are libvirt networks without addresses: bridges that no route leads to or from. On
/// this machine's own host the bridges are also told to drop whatever is sent to the host itself; see harden_bridge.
class Networks : public NetworkPort {
 public:
  explicit Networks(Hosts& hosts) : hosts_(hosts) {}
  Result<> create(const std::string& run, const std::string& uri) override;
  Result<> remove(const std::string& run, const std::string& uri) override;
  Result<> move(const std::string& run, const MachineRef& original, const MachineRef& machine, Side to) override;
  Result<Side> where(const std::string& run, const MachineRef& machine) override;
  Result<> keep_sealed(const std::string& run, const MachineRef& original) override;
  Result<> lift_seal(const MachineRef& original) override;

 private:
  Hosts& hosts_;
};

/// A network's description: no address, no spanning tree, no delay. `open` leaves the host's packet filter alone.
[[nodiscard]] std::string network_xml(const std::string& name, const std::string& bridge, bool open);

}  // namespace moult::virt
