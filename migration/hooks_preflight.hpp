#pragma once

#include "migration/data_preflight.hpp"

namespace moult {

/// Programs that the set's commands name and the guest does not have. Those that only the way back runs on the clone
/// are not asked for: the update may bring them.
[[nodiscard]] Result<std::vector<Error>> hooks_problems(const DataQuestion& question);

/// The same of a set whose application follows the other side's, and whether that application answers.
[[nodiscard]] Result<std::vector<Error>> replication_problems(const DataQuestion& question);

}  // namespace moult
