#pragma once

#include <chrono>

#include "drivers/guest/local/spawn.hpp"

namespace moult::guest {

/// Feeds a child its input and keeps its output, up to the command's limit for each stream, until it has ended. Leaves
/// the child as a zombie. `truncated` and the two texts are set in the outcome. False: the deadline came first.
[[nodiscard]] bool pump(Child& child, const Command& command, std::chrono::steady_clock::time_point deadline,
                        Outcome& outcome);

/// write(2) to a pipe whose reader may go at any time, without a SIGPIPE for the process: that is not a library's to
/// ignore.
[[nodiscard]] ssize_t write_without_signal(int fd, const void* data, std::size_t size);

}  // namespace moult::guest
