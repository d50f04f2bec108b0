#pragma once

#include "drivers/entry.hpp"
#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// Does what can be done before clients have to wait, so that they wait for less: the entry and the helpers answer,
/// capture for the way back is armed, vendors' `warm` hooks ran, what would be done for the first time under the hold
/// was done once, dirty pages are on disks, and the next round is short. No original is slowed any more when this
/// returns. On an error nothing has changed for clients, but that one that was slowed may not be so any more.
Result<> prepare_cutover(RunContext& run, const Direction& way, Entry& entry);

/// Services of the original that were stopped behind the cutover start again for a rollback: on data that lack the last
/// rounds, as the clone's services run before a cutover, or under the hold where the component has an `activate` hook,
/// for that says that it must be told of its final data. Each listens when this returns.
/// What lives on a disk that changes hands starts with it.
enum class StartWhen { before_hold, under_hold, with_disk };
[[nodiscard]] Result<> start_services(RunContext& run, const MachinePair& pair, StartWhen when);

/// The sealed original learns what it holds, before anything is carried back to it. Idempotent.
[[nodiscard]] Result<> open_way_back(RunContext& run);

/// Runs a job for each set that this way carries, side by side. The first error counts.
Result<> each_set(RunContext& run, const Direction& way, const std::function<Result<>(DataStrategy&)>& job);

}  // namespace moult
