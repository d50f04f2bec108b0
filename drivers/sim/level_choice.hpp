#pragma once

#include <string>

#include "descriptors/maintenance.hpp"

namespace moult::sim {

/// A level that an old installation may have: the lowest one near those named in `from` that `from` allows and that is
/// below the target. The target itself where there is none.
[[nodiscard]] std::string level_before(const LevelSpec& level);

}  // namespace moult::sim
