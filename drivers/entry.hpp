#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "descriptors/appliance.hpp"
#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

struct EntryState {
  bool holding = false;
  std::uint64_t in_flight = 0;  ///< requests that are inside the appliance now
  bool ended = false;           ///< a hold is on record there that ended by itself: `release` takes it off
};

/// Where clients come in. Calls end within a second. Not thread-safe.
class Entry {
 public:
  virtual ~Entry() = default;
  /// False for an entry that cannot hold (`none`): clients see the switch itself.
  [[nodiscard]] virtual bool can_hold() const = 0;
  /// Would a hold of this length be accepted? Asks the entry, and nobody waits. Error: refused or not_found, with what
  /// to configure; unreachable.
  virtual Result<> ready(Millis ttl) = 0;
  /// New requests wait at the entry from now on; they go on by themselves after `ttl`, whatever happens to us. A
  /// repeated hold renews the ttl.
  virtual Result<> hold(Millis ttl) = 0;
  /// Waits until no request is inside the appliance. Error: timeout, with how many are left.
  virtual Result<> drain(Millis deadline) = 0;
  /// Lets waiting requests go on, over new connections to the appliance. Idempotent.
  virtual Result<> release() = 0;
  /// Error: unreachable, when the entry does not answer. Then it may hold requests still, until their time is over.
  virtual Result<EntryState> where() = 0;
  /// One request through the entry, as a client would; error when it fails. Without a check URL: nothing is asked.
  virtual Result<> check(Millis deadline) = 0;
};

[[nodiscard]] Result<std::unique_ptr<Entry>> make_entry(const EntrySpec& spec);

}  // namespace moult
