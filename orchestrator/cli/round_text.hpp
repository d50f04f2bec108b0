#pragma once

#include <string>

#include "migration/data_strategy.hpp"

namespace moult {

/// What is behind a round's figures: why it looked at every file, where it had to; else nothing.
[[nodiscard]] inline std::string why_scanned(const RoundReport& round) {
  return round.scan_reason.empty() ? std::string() : "; looked at every file: " + round.scan_reason;
}

}  // namespace moult
