#pragma once

#include <functional>

#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// The journal's step in which disks change hands, with the direction's word as its subject: that of the way back also
/// where a cutover gives disks back with what was written to them.
inline constexpr const char* kHandOver = "hand-over";
/// The journal's step in which an original's disk chain becomes what it was before the run.
inline constexpr const char* kRestoreChain = "chain.restore";

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
/// Told the name of each part of a hand-over, at its end.
using OnPart = std::function<void(const char*)>;
/// Behind the seal: services end, disks change hands, services start on the next side and are checked.
[[nodiscard]] Result<> hand_over_disks(RunContext& run, const Direction& way, const OnPart& ended);
/// The serving side has its disks again as they were, its services run, and the journal says so. For where no client
/// has reached the next side. A machine that does not let go of a disk is powered off.
[[nodiscard]] Result<> hand_back_disks(RunContext& run, const Direction& way);
/// The original has its disks again, with what clients may have written to the clone. Refused where that cannot be.
[[nodiscard]] Result<> hand_back_written(RunContext& run);
/// A disk's record says that its hand-over in this direction was taken back, which is done only where no client has
/// reached the next side: so that one does not serve, whatever the journal has of a switch.
[[nodiscard]] Result<bool> were_given_back(RunContext& run, const Direction& way);
/// The same as hand_back_disks, for the side that is to serve after a process died or gave up: nothing is done where
/// the journal knows of no hand-over. Where none was begun and not taken back, and the machines have their disks, only
/// services are started, of machines that are not on the network.
[[nodiscard]] Result<> return_disks(RunContext& run, const Direction& gone);

}  // namespace moult
