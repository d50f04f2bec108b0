#pragma once

#include "drivers/libvirt/host.hpp"
#include "drivers/machine_lifecycle.hpp"

namespace moult::virt {

class Lifecycle : public MachineLifecycle {
 public:
  explicit Lifecycle(Hosts& hosts) : hosts_(hosts) {}
  Result<MachineFacts> inspect(const MachineRef& machine) override;
  Result<> start(const MachineRef& machine) override;
  Result<> stop(const MachineRef& machine, Millis grace) override;
  Result<> reboot(const MachineRef& machine) override;
  Result<> set_autostart(const MachineRef& machine, bool on) override;

 private:
  Hosts& hosts_;
};

}  // namespace moult::virt
