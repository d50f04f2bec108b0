#pragma once

#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// The journal's step in which disks change hands, with the direction's word as its subject.
inline constexpr const char* kHandOver = "hand-over";

/// A set of this component lives on a disk that changes hands: its services run where the disk is.
[[nodiscard]] bool has_disk(const Component& component);
[[nodiscard]] bool has_disks(const RunContext& run);

/// The clones have their scratch disks, and the services on them run: after an attempt that was given up. Nothing where
/// they have them.
[[nodiscard]] Result<> lend_disks(RunContext& run);
/// What a hand-over will cost, measured on the clones with their scratch disks.
[[nodiscard]] Result<> rehearse_disks(RunContext& run);

/// Before clients wait: the next side's services end, its disks are out, images for it are made.
[[nodiscard]] Result<> clear_disks(RunContext& run, const Direction& way);
/// Behind the seal: services end, disks change hands, services start on the next side and are checked.
[[nodiscard]] Result<> hand_over_disks(RunContext& run, const Direction& way);
/// The serving side has its disks again, its services run, and the journal says so. `written`: clients may have written
/// to the next side, so the disks come back with that; refused where that cannot be.
[[nodiscard]] Result<> hand_back_disks(RunContext& run, const Direction& way, bool written);
/// The same for a cutover that a process left behind, where the journal says that it had begun to hand over and that
/// nothing was handed since.
[[nodiscard]] Result<> return_disks(RunContext& run, const Direction& gone);

}  // namespace moult
