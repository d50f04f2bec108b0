#pragma once

#include <cstdint>
#include <deque>

#include "drivers/guest_files.hpp"
#include "drivers/machine.hpp"
#include "migration/data_strategy.hpp"

namespace moult {

/// Forecasts how long the next round takes, from the last rounds' measured cost: a fixed part and a part for each path
/// and byte, the line of least squares through the rounds, with neither part below nothing. Rounds of one size say only
/// what such a round costs. Pure arithmetic; no clock of its own.
class Forecast {
 public:
  /// Adds a measured round; the last eight count.
  void add(const RoundReport& round);
  [[nodiscard]] bool known() const { return !samples_.empty(); }
  /// Time for a round that carries what is pending.
  [[nodiscard]] Millis next_round(const Pending& pending) const;
  /// What a round costs that carries nothing. Rounds that bring about the same, or of which those that bring more do
  /// not take longer, do not tell it: where each brought little, they are taken to cost that alone, and where each
  /// brought much, to cost nothing but the carrying.
  [[nodiscard]] Millis fixed_part() const;

 private:
  struct Sample {
    double took_ms;
    double work;  ///< paths, and bytes counted as paths of 64 KiB
  };
  struct Line {
    double fixed, each;  ///< milliseconds, and milliseconds for each unit of work
    bool rises;          ///< rounds that brought more took longer
  };
  [[nodiscard]] Line fit() const;
  [[nodiscard]] static double work_of(std::uint64_t paths, std::uint64_t bytes);
  std::deque<Sample> samples_;
};

}  // namespace moult
