#pragma once

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// What can be seen of a machine, and turning it on and off. Every call ends within its own deadline
/// (Code::timeout or unreachable). Safe to call from several threads.
class MachineLifecycle {
 public:
  virtual ~MachineLifecycle() = default;
  /// Facts of a machine as it is now; a domain that does not exist is `absent`, not an error. Changes nothing.
  /// Errors: unreachable (host), with the URI.
  virtual Result<MachineFacts> inspect(const MachineRef& machine) = 0;
  /// Starts a defined machine. Idempotent: a running one is left alone.
  virtual Result<> start(const MachineRef& machine) = 0;
  /// Asks the guest to shut down, waits up to `grace`, then powers it off. Idempotent.
  virtual Result<> stop(const MachineRef& machine, Millis grace) = 0;
  /// Reboots through the guest; returns when the reboot was accepted, not when it is over.
  virtual Result<> reboot(const MachineRef& machine) = 0;
  virtual Result<> set_autostart(const MachineRef& machine, bool on) = 0;
};

}  // namespace moult
