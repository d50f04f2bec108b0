#pragma once

#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/sim/faults.hpp"

namespace moult::test {

/// "slow@move#7/30000,kill_after@seal#1": what struck, at which call, which one of its kind, for how many milliseconds.
/// "none" stands for no strike.
[[nodiscard]] std::string text_of(const std::vector<sim::Strike>& strikes);
/// The strikes of such a text. Error: invalid.
[[nodiscard]] Result<std::vector<sim::Strike>> strikes_of(const std::string& text);

}  // namespace moult::test
