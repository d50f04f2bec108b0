#pragma once

#include <string>
#include <vector>

#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// The sets of one machine of the run, in the descriptor's order. Owned by the run.
[[nodiscard]] std::vector<DataStrategy*> sets_on(RunContext& run, const Direction& way, const MachinePair& pair);

/// What the helper freezes on a machine: names of its file sets.
[[nodiscard]] std::vector<std::string> frozen_on(RunContext& run, const Direction& way, const MachinePair& pair);

/// No writer of the serving side's machine goes on, known or not: `quiesce` hooks, what its sets do of their own, and
/// its data's file systems frozen at one moment. Ends by itself after the direction's lease.
Result<> fence_machine(RunContext& run, const Direction& way, const MachinePair& pair);

/// Lets the writers of a machine go on. Says whether its fence had held until now, of the file systems and of each set
/// that has one of its own.
Result<bool> unfence_machine(RunContext& run, const Direction& way, const MachinePair& pair);

/// Freezes each machine's data and thaws them at once, before clients are held: a file system that cannot be frozen is
/// found now, and what a freeze writes out first (ext4: all that its journal still holds) need not be written under the
/// hold. Writers wait as long as this freeze takes.
Result<> practise_freeze(RunContext& run, const Direction& way);

}  // namespace moult
