#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "drivers/fd.hpp"
#include "drivers/guest/files/mounts.hpp"
#include "drivers/machine.hpp"

namespace moult::files {

/// Freezes file systems for a limited time. A thread of its own thaws them when the lease ends, measured on a clock
/// that also runs while the machine is suspended. Safe from several threads. Writes nothing anywhere.
class Freezer {
 public:
  Freezer();
  ~Freezer();
  Freezer(const Freezer&) = delete;
  Freezer& operator=(const Freezer&) = delete;

  /// Freezes the file systems of these mounts, the ones that were mounted last first, so that one that lies in a file
  /// of another goes before it. All or none. While a freeze holds: asking for the same again starts a new lease,
  /// anything else is refused. `covered`: devices of files on them that no mount names (subvolumes). Errors: busy when
  /// somebody else froze one of them; refused when one cannot be frozen.
  Result<Millis> freeze(std::vector<Mount> mounts, Millis ttl, std::set<dev_t> covered = {});
  /// True when the freeze had held until now.
  bool thaw();
  /// Wall clock (ns) at the start of the freeze that covers the device; 0 when none does.
  [[nodiscard]] std::int64_t frozen_since(dev_t device) const;
  /// The same of the last freeze that came about, whether it holds or has ended: every write that began before it has
  /// ended, also one that nothing tells of. 0 when there was none, or the clock was set back since.
  [[nodiscard]] std::int64_t frozen_last(dev_t device) const;

 private:
  struct Held {
    Mount mount;
    Fd fd;
  };
  Result<bool> renew(const std::vector<Mount>& mounts, Millis ttl);
  std::uint64_t begin_lease(Millis ttl, std::int64_t since);
  Result<> freeze_in_turn(std::vector<Held> all, std::uint64_t lease);
  Result<> freeze_together(std::vector<Held> all, std::uint64_t lease);
  Result<> freeze_one(Held held, std::uint64_t lease);
  void arm(Millis ttl);
  bool thaw_all();
  void keep_lease();

  std::mutex freezing_;       ///< one freeze at a time; taken before mutex_
  mutable std::mutex mutex_;  ///< never held across FIFREEZE, which may take long
  std::uint64_t lease_ = 0;   ///< counts leases that ended
  std::vector<Held> held_;
  std::int64_t since_ = 0;
  std::set<dev_t> covered_;  ///< by the freeze that holds, once it is whole
  struct Last {
    std::int64_t since, clock_ahead;
  };
  std::map<dev_t, Last> last_;
  Fd timer_, stop_;
  std::thread keeper_;
};

/// One mount for each block-backed writable file system: of these directories and what is mounted below them or,
/// without directories, of the whole machine. Errors: refused when a directory's file system cannot be frozen (tmpfs,
/// overlay, network).
Result<std::vector<Mount>> mounts_to_freeze(const std::vector<std::string>& directories);

}  // namespace moult::files
