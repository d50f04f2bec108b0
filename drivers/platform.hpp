#pragma once

#include "drivers/appliance_cloner.hpp"
#include "drivers/channel_opener.hpp"
#include "drivers/clock.hpp"
#include "drivers/disk_handover.hpp"
#include "drivers/disk_throttle.hpp"
#include "drivers/entry.hpp"
#include "drivers/guest_session.hpp"
#include "drivers/machine_lifecycle.hpp"
#include "drivers/network_port.hpp"
#include "drivers/workers.hpp"

namespace moult {

/// One world: every seam that the orchestrator acts through. Owned by the driver's maker; outlives the orchestrator.
class Platform {
 public:
  virtual ~Platform() = default;
  virtual MachineLifecycle& lifecycle() = 0;
  virtual ApplianceCloner& cloner() = 0;
  virtual NetworkPort& network() = 0;
  virtual DiskHandover& disks() = 0;
  virtual DiskThrottle& throttle() = 0;
  virtual GuestConnector& guests() = 0;
  virtual Clock& clock() = 0;
  virtual Workers& workers() = 0;
  virtual Result<std::unique_ptr<Entry>> entry(const EntrySpec& spec) = 0;
};

}  // namespace moult
