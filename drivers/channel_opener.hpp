#pragma once

#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// Byte streams between this process and a named port inside a guest.
class ChannelOpener {
 public:
  virtual ~ChannelOpener() = default;
  /// Hot-plugs the port when it is missing. Idempotent.
  virtual Result<> attach(const MachineRef& machine, const std::string& port) = 0;
  /// Removes the port. Idempotent.
  virtual Result<> detach(const MachineRef& machine, const std::string& port) = 0;
  /// Opens the port: a connected stream socket, owned by the caller; end of file when the guest, the host or
  /// the connection goes away. One opener at a time; opening anew closes the earlier stream.
  virtual Result<Fd> open(const MachineRef& machine, const std::string& port) = 0;
};

/// The guest's port name that a run uses for its helper.
[[nodiscard]] inline std::string helper_port(const std::string& run) { return "org.moult." + run; }

}  // namespace moult
