#pragma once

#include "migration/data_preflight.hpp"

namespace moult {

/// Why a directory cannot be carried as `files`: it is not there, or it or what is mounted in it lies where no freeze,
/// no clone of the disks or no event reaches. Two commands.
[[nodiscard]] Result<std::vector<Error>> files_problems(const DataQuestion& question);

}  // namespace moult
