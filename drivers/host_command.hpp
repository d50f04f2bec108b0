#pragma once

#include "descriptors/base/result.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// Runs a command on the orchestrator's own host, with what GuestAccess::run promises for guests: argument vector,
/// separate and bounded output streams, and at the timeout the end of the whole process group. The environment is this
/// process's with `command.env` added. A background child that keeps the streams open delays nothing. Safe from any
/// thread. Errors: timeout; not_found (no such program); io.
[[nodiscard]] Result<Outcome> run_on_host(const Command& command);

}  // namespace moult
