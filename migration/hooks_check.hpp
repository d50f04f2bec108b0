#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/clock.hpp"
#include "migration/hook_side.hpp"

namespace moult {

/// One promise of the hooks' contract, and whether it was seen to be kept.
struct HookRow {
  enum class Verdict { good, bad, unchecked };
  std::string check;
  Verdict verdict = Verdict::good;
  std::string reason;  ///< why it is bad, or could not be checked
};

struct HookCheck {
  Argv write;        ///< changes the set as a client would; MOULT_WRITE is another number each time; empty: none
  std::string file;  ///< of this host: where a large round is kept meanwhile
  /// How long a write is given that must not come through; four times what the slowest took before, where that is more.
  Millis blocked{2000};
  Millis lease{60000};       ///< of a fence that must hold
  Millis short_lease{5000};  ///< of one that must end by itself; 0: that is not tried, for it takes its time
};

/// A set's commands for both ways; without `back` a rollback loses what was written.
struct HookWays {
  HookSet forward;
  std::optional<HookSet> back;
};

/// Holds a set's commands to their contract (docs/descriptors.md) in one guest, whose data it changes and that nobody
/// else uses: a scratch clone. The guest is source and target in turn: all that the set holds is taken first, and
/// replayed to undo what is written. Those of the way back are held to the same, but for the lease that ends by itself,
/// which is moult's own. Ends with `end`. Error: the guest does not answer any more.
[[nodiscard]] Result<std::vector<HookRow>> check_hooks(const HookWays& ways, GuestAccess& guest, const HookCheck& check,
                                                       Clock& clock);

}  // namespace moult
