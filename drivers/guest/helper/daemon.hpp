#pragma once

#include <functional>

#include "descriptors/base/result.hpp"

namespace moult::guest {

/// Leaves the control group of whoever started this process (the guest agent's service), so that what systemd does to
/// that service does not reach it. Best effort: a guest without control groups has nothing to leave.
void leave_control_group();

/// Makes the process hard to kill by lack of memory and independent of its disk: what it has touched stays in memory.
void settle_in_memory();

/// Runs `serve` in a process of a session of its own, watched by a small parent, which calls `bereaved` when that
/// process ends in any way but by itself. Returns in the caller when the daemon has said that it is ready (serve was
/// given the function to say so) or has failed to.
[[nodiscard]] Result<> run_daemon(const std::function<int(const std::function<void()>& ready)>& serve,
                                  const std::function<void()>& bereaved);

}  // namespace moult::guest
