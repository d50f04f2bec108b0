#pragma once

#include <memory>

#include "drivers/appliance_cloner.hpp"
#include "drivers/channel_opener.hpp"
#include "drivers/disk_handover.hpp"
#include "drivers/disk_throttle.hpp"
#include "drivers/guest_access.hpp"
#include "drivers/machine_lifecycle.hpp"
#include "drivers/network_port.hpp"

namespace moult {

/// Everything that libvirt gives to a Platform: machines, clones, networks, limits of disks, channels and the guest
/// agent, over connections that it opens when they are first needed and renews when a libvirtd was restarted.
/// Thread-safe; the seams live as long as it. Works with any libvirt URI; machines must be QEMU domains.
class LibvirtParts {
 public:
  LibvirtParts();
  ~LibvirtParts();
  LibvirtParts(const LibvirtParts&) = delete;
  LibvirtParts& operator=(const LibvirtParts&) = delete;

  [[nodiscard]] MachineLifecycle& lifecycle();
  [[nodiscard]] ApplianceCloner& cloner();
  [[nodiscard]] NetworkPort& network();
  [[nodiscard]] DiskHandover& disks();
  [[nodiscard]] DiskThrottle& throttle();
  [[nodiscard]] ChannelOpener& channels();
  /// Access through the guest agent alone, once it answers within `deadline`; it lives no longer than this object. A
  /// host that cannot be reached is waited for only as long as connections are (virt::Host), and then its error is
  /// final. Errors: unreachable, with a remedy that names the package when no agent channel is defined or none answers.
  [[nodiscard]] Result<std::unique_ptr<GuestAccess>> agent(const MachineRef& machine, Millis deadline);

 private:
  struct Members;
  std::unique_ptr<Members> members_;
};

}  // namespace moult
