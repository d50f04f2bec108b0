#pragma once

#include "migration/data_preflight.hpp"

namespace moult {

/// Why a directory cannot be carried as `files`: it is not there, or it or what is mounted in it lies where no freeze,
/// no clone of the disks or no event reaches, or another set of the machine holds some of the same files, though their
/// paths differ. Two commands; three where there are other sets.
[[nodiscard]] Result<std::vector<Error>> files_problems(const DataQuestion& question);

}  // namespace moult
