#pragma once

#include <string>
#include <string_view>

#include "descriptors/base/result.hpp"

namespace moult {

/// Places at which a test makes the orchestrator fail or die, each once in a process:
/// `MOULT_FAILPOINT=STEP[/SUBJECT]=HOW[,...]`. STEP is a step of the journal (`snapshot`), or a part of the cutover
/// (`cutover.drain`, `rollback.drain`); SUBJECT is what the journal names beside it. One that is met says so on
/// standard error. Without the variable nothing happens anywhere.
enum class FailHow {
  none,
  error,       ///< the effect does not take place, and fails
  die_before,  ///< SIGKILL when the intent is written down, before the effect
  die_after,   ///< SIGKILL after the effect, before its outcome is written down
  journal,     ///< the effect takes place, and its outcome cannot be written down
  stop,        ///< SIGSTOP when the intent is written down: the test does something, and lets the process go on
};

/// What the test wants to happen at this step; it wants it only once.
[[nodiscard]] FailHow failpoint(std::string_view step, std::string_view subject);
/// Error usage when the variable is set and makes no sense.
[[nodiscard]] Result<> check_failpoint();
/// Dies when that is wanted.
void die_at(FailHow now, FailHow wanted);
/// The error of an effect that was not to take place.
[[nodiscard]] Unexpected failed_on_purpose(std::string_view step);

}  // namespace moult
