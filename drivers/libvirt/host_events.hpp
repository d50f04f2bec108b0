#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "drivers/machine.hpp"

namespace moult::virt {

/// What libvirt tells of by itself, as a reason to look again: a machine starts or ends, an agent comes or goes, a
/// guest let go of a disk, a block job moves on, a host is lost. Whoever waits for such a thing notes told(), looks,
/// and awaits more. An event can be missed (while a connection is renewed), so that every wait has an end of its own.
/// Thread-safe.
class HostEvents {
 public:
  void tell();
  [[nodiscard]] std::uint64_t told() const;
  /// Until more than `seen` have been told, but 2 ms at least (other machines of the host have events too), or until
  /// `most` has passed.
  void await(std::uint64_t seen, Millis most) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable more_;
  std::uint64_t told_ = 0;  // guarded by mutex_
};

}  // namespace moult::virt
