#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drivers/clock.hpp"
#include "orchestrator/observer.hpp"

namespace moult {

/// Measures the parts of a cutover one after another.
class Timeline {
 public:
  Timeline(Clock& clock, Observer& observer) : clock_(clock), observer_(observer) {}

  void start() { begin_ = last_ = clock_.steady(); }
  /// Ends the part that ran since the last mark.
  void mark(const std::string& part) {
    const auto now = clock_.steady();
    parts_.emplace_back(part, std::chrono::duration<double, std::milli>(now - last_).count());
    last_ = now;
    observer_.cutover_part(part, parts_.back().second);
  }
  /// Since start.
  [[nodiscard]] double total_ms() const {
    return std::chrono::duration<double, std::milli>(clock_.steady() - begin_).count();
  }
  [[nodiscard]] const std::vector<std::pair<std::string, double>>& parts() const { return parts_; }
  /// From start to the last mark.
  [[nodiscard]] double marked_ms() const { return std::chrono::duration<double, std::milli>(last_ - begin_).count(); }

 private:
  Clock& clock_;
  Observer& observer_;
  Clock::Steady begin_{}, last_{};
  std::vector<std::pair<std::string, double>> parts_;
};

}  // namespace moult
