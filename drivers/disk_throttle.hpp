#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// How fast a running machine may write to its disks. Acts on the running machine alone: its persistent description
/// stays as it is, and whoever starts it anew has the limits that stand there. Idempotent; safe from several threads
/// for different machines.
class DiskThrottle {
 public:
  virtual ~DiskThrottle() = default;
  /// The limits that each writable disk has now, whoever set them, as text that only the driver reads: for `limit` and
  /// `restore`, also of a later process. Equal limits are equal text. Errors: not_found, refused where it does not run.
  virtual Result<std::string> limits(const MachineRef& machine) = 0;
  /// From now on each writable disk takes at most so many bytes a second, bursts included; a disk that `before` (an
  /// answer of `limits`) holds to less stays at that. Limits of reading and of operations stay as `before` has them;
  /// where one limit was for reading and writing together, both together still get no more. Errors: invalid for 0.
  virtual Result<> limit(const MachineRef& machine, std::uint64_t bytes_per_second, const std::string& before) = 0;
  /// Puts back what `limits` answered, to the letter. Nothing for a machine that is off or is no more, and for disks
  /// that it no longer has: their limits went with them.
  virtual Result<> restore(const MachineRef& machine, const std::string& before) = 0;
  /// How many bytes the machine has written to each writable disk ("vda") since it was started.
  virtual Result<std::map<std::string, std::uint64_t>> written(const MachineRef& machine) = 0;
};

}  // namespace moult
