#pragma once

#include "migration/data_preflight.hpp"

namespace moult {

/// Why a disk cannot change hands: it is not there, or the system's own, or read-only; nothing, or another disk, or a
/// part of one, is mounted where the descriptor says; something is mounted inside, or the disk in another place too.
[[nodiscard]] Result<std::vector<Error>> handover_problems(const DataQuestion& question);

}  // namespace moult
