#pragma once

#include <vector>

#include "drivers/clock.hpp"

namespace moult::test {

/// Time that passes only by being slept. Of one thread.
class LogicalClock final : public Clock {
 public:
  [[nodiscard]] Steady steady() const override { return now_; }
  [[nodiscard]] std::chrono::system_clock::time_point utc() const override {
    return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(now_));
  }
  [[nodiscard]] std::string era() const override { return era_name; }
  void sleep(Millis duration) override {
    now_ += duration;
    pauses.push_back(duration);
  }

  std::string era_name = "one";
  std::vector<Millis> pauses;  ///< what was slept, in order

 private:
  Steady now_{0};
};

}  // namespace moult::test
