#pragma once

#include "migration/data_preflight.hpp"

namespace moult {

/// data_problems() of a set of the kind `native`: what its cluster holds that replication leaves out, how it is set up,
/// and where it lies.
[[nodiscard]] Result<std::vector<Error>> native_problems(const DataQuestion& question);

}  // namespace moult
