#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "descriptors/base/result.hpp"

namespace moult::files {

/// A line of /proc/self/mountinfo.
struct Mount {
  int id = 0, parent = 0;
  dev_t device = 0;
  std::string point;      ///< absolute, as it is (escapes undone)
  std::string type;       ///< "ext4"
  std::string source;     ///< "/dev/vda1"
  bool writable = false;  ///< the file system itself, whatever this mount says
};

/// All mounts of this process's namespace, in the order of mounting.
Result<std::vector<Mount>> read_mounts();
/// Mounts strictly below an absolute directory.
Result<std::vector<Mount>> mounts_below(const std::string& directory);

}  // namespace moult::files
