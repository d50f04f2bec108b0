#pragma once

#include <sys/types.h>

#include <string>

#include "drivers/fd.hpp"
#include "drivers/guest_access.hpp"

namespace moult::guest {

/// A started command: its process is the leader of a session of its own.
struct Child {
  pid_t pid = -1;
  std::string mark;    ///< "MOULT_COMMAND=..." in its environment and in that of all its descendants
  Fd input, out, err;  ///< our ends, non-blocking
};

/// Starts a command. `tied`: what it says of errors comes among its output, and it is told to end (SIGTERM) when the
/// thread that started it does. Errors: not_found (no such program), invalid, io.
[[nodiscard]] Result<Child> spawn(const Command& command, bool tied = false);

/// Kills the child's process group and every process that carries its mark, wherever it went.
void kill_tree(const Child& child);

}  // namespace moult::guest
