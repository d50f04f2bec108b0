#pragma once

#include <cstdint>
#include <deque>

#include "drivers/clock.hpp"
#include "migration/data_strategy.hpp"
#include "migration/forecast.hpp"

namespace moult {

/// A round gets shorter where it takes no more than this part of the one before.
inline constexpr double kShorter = 0.8;

/// How fast a set is written, and how fast it is carried, each a second.
struct Rates {
  double written_bytes = 0, written_paths = 0;
  double carried_bytes = 0, carried_paths = 0;
};

/// Tells of a set's rounds whether they get shorter. What a round brings was written since the one before it began; so
/// rounds that follow each other at once get shorter only as long as a set is carried faster than it is written. What a
/// round costs that carries nothing is left out: it is the same however little is written. Pure arithmetic; no clock of
/// its own.
class Pace {
 public:
  /// Adds a round that began at this moment; the last three count.
  void add(Clock::Steady began, const RoundReport& round);
  /// So many rounds came last, one after another, of which none was shorter by a fifth than the time in which what it
  /// brought was written, and each would have been had it brought nothing. A round that brings nothing ends the row.
  [[nodiscard]] unsigned outpaced() const { return outpaced_; }
  /// The last rounds could have been shorter by a fifth, had they brought less.
  [[nodiscard]] bool carries() const { return carries(sum()); }
  /// Rounds that were added.
  [[nodiscard]] unsigned rounds() const { return rounds_; }
  /// The time that it took to carry what rounds brought, over the time in which it was written: from 1 on rounds do not
  /// get shorter, and what is written at half this pace halves it. 0: not known yet.
  [[nodiscard]] double load() const;
  [[nodiscard]] Rates rates() const;

 private:
  struct Sample {
    double took_s, whole_s;  ///< the round without its fixed part, and with it
    double since_s;          ///< from the beginning of the one before to its own
    double paths, bytes;
  };
  [[nodiscard]] Sample sum() const;
  /// It could have been shorter by a fifth, had it brought less.
  [[nodiscard]] static bool carries(const Sample& sample);

  Forecast cost_;
  std::deque<Sample> samples_;
  Clock::Steady last_began_{0};
  unsigned rounds_ = 0, outpaced_ = 0;
};

}  // namespace moult
