#pragma once

#include <optional>

#include "drivers/clock.hpp"

namespace moult {

/// Says of one round after another whether the next one is worth its while.
class Shrinking {
 public:
  /// True: this round was shorter than the one before by a fifth at least, or there was none.
  [[nodiscard]] bool add(Clock::Steady took) {
    const bool shorter = !before_ || took * 5 <= *before_ * 4;
    before_ = took;
    return shorter;
  }

 private:
  std::optional<Clock::Steady> before_;
};

}  // namespace moult
