#pragma once

#include <optional>

#include "drivers/clock.hpp"

namespace moult {

/// Says of one round after another whether the next one is worth its while. Two in a row that were no shorter end it:
/// one alone may have met a busy moment.
class Shrinking {
 public:
  /// True: this round was shorter than the shortest by a fifth at least, or only the first that was not.
  [[nodiscard]] bool add(Clock::Steady took) {
    const bool shorter = !shortest_ || took * 5 <= *shortest_ * 4;
    if (!shortest_ || took < *shortest_) shortest_ = took;
    in_vain_ = shorter ? 0 : in_vain_ + 1;
    return in_vain_ < 2;
  }

 private:
  std::optional<Clock::Steady> shortest_;
  int in_vain_ = 0;
};

}  // namespace moult
