#pragma once

#include <set>
#include <string>

#include "orchestrator/run_context.hpp"
#include "orchestrator/stall_forecast.hpp"

namespace moult {

/// The phases of a run, each from one state to the next. Every one is made of journaled steps, checks for an interrupt
/// between them, and leaves undoing to `undo_run`.

/// Helpers in place, capture started, all machines frozen together, snapshots, thawed; clones started, compared once.
[[nodiscard]] Result<> clone_appliance(RunContext& run, StallForecast& forecast);

/// The same without capture: clones that nothing is carried to, and the originals serve as if there were none.
[[nodiscard]] Result<> clone_for_trial(RunContext& run, StallForecast& forecast);

/// Updates the clone's old components, side by side where the order allows; each detected and checked afterwards.
[[nodiscard]] Result<> upgrade_clone(RunContext& run);

/// Rounds until the forecast stall fits the budget; originals may be slowed for it, and are so still when it does
/// (orchestrator/phases/brake.hpp). Error: conflict, with the paths, when no rule decides.
[[nodiscard]] Result<> converge(RunContext& run, StallForecast& forecast);

/// What another process, the clock or a person asked of a run that waits in `ready`.
enum class Word { cut_over, abort };
/// Waits for the word; goes on replaying meanwhile. With `automatic`, the word is there at once. No original is slowed
/// while nobody wants the cutover.
[[nodiscard]] Result<Word> wait_ready(RunContext& run, StallForecast& forecast);

/// Gives the way back up: original discarded, the clone's disks in the original's form, nothing of the run left.
[[nodiscard]] Result<> finish_run(RunContext& run);

/// Undoes everything before cutover: disks at their own pace, entry released, file systems thawed, clones gone, chains
/// restored, helpers removed. Idempotent: also for a run that another process left anywhere before its commit. Goes on
/// past failures and returns the first, with what was left behind and `word`, the command that goes on.
[[nodiscard]] Result<> undo_run(RunContext& run, const char* word);

}  // namespace moult
