#include "drivers/guest/files/low_priority.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace moult::files {
namespace {

// linux/ioprio.h is not in every set of headers.
constexpr int kThisThread = 1;  // IOPRIO_WHO_PROCESS
// IOPRIO_CLASS_BE, its last level: one that is idle may be starved on a busy disk, and rounds wait for what was begun.
constexpr int kLast = 2 << 13 | 7;

constexpr int kLowest = 19;

}  // namespace

// Linux counts the nice value by thread, and 0 is the calling one.
LowPriority::LowPriority()
    : nice_(::getpriority(PRIO_PROCESS, 0)), io_(static_cast<int>(::syscall(SYS_ioprio_get, kThisThread, 0))) {
  (void)::setpriority(PRIO_PROCESS, 0, kLowest);
  (void)::syscall(SYS_ioprio_set, kThisThread, 0, kLast);
}

LowPriority::~LowPriority() {
  (void)::setpriority(PRIO_PROCESS, 0, nice_);
  if (io_ >= 0) (void)::syscall(SYS_ioprio_set, kThisThread, 0, io_);
}

}  // namespace moult::files
