#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "drivers/guest_files.hpp"

namespace moult {

/// What the helper may set when it makes its GuestFiles.
struct LocalFilesOptions {
  bool use_fanotify = true;             ///< false: every round scans, as on a kernel without names in events
  std::size_t pending_paths = 200'000;  ///< changed paths remembered for each set; past it the next round scans
  std::uint64_t large_file = 1U << 20;  ///< from this size on a changed file is sent as its difference
  std::string work_dir = "/run";        ///< where merge commands get their two files; must be root's own
  Millis merge_timeout{60'000};         ///< a merge command that takes longer is killed and counts as a conflict
};

/// The GuestFiles of the machine that this process runs in. Needs root (CAP_SYS_ADMIN, CAP_DAC_READ_SEARCH) and /proc.
/// Threads: one reads events while capture runs, one keeps the lease of a freeze. Both start before they are needed and
/// touch no file of a frozen file system. The process must have a soft limit of at least 64 open files.
[[nodiscard]] std::unique_ptr<GuestFiles> make_local_files(LocalFilesOptions options = {});

}  // namespace moult
