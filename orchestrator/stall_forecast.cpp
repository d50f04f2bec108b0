#include "orchestrator/stall_forecast.hpp"

#include <algorithm>

namespace moult {

void StallForecast::measured(const std::string& part, Millis took) {
  const std::lock_guard lock(mutex_);
  parts_[part] = took;
}

void StallForecast::round(const std::string& set, const RoundReport& report) {
  const std::lock_guard lock(mutex_);
  sets_[set].add(report);
}

void StallForecast::round(const std::string& set, const RoundReport& report, Clock::Steady began) {
  round(set, report);
  const std::lock_guard lock(mutex_);
  paces_[set].add(began, report);
}

Millis StallForecast::last_round(const std::map<std::string, Pending>& pending) const {
  const std::lock_guard lock(mutex_);
  Millis longest{0};
  for (const auto& [set, left] : pending) {
    const auto known = sets_.find(set);
    if (known != sets_.end()) longest = std::max(longest, known->second.next_round(left));
  }
  return longest;
}

Millis StallForecast::stall(const std::map<std::string, Pending>& pending) const {
  auto sum = last_round(pending);
  const std::lock_guard lock(mutex_);
  for (const auto& [part, took] : parts_) sum += took;
  return sum;
}

std::map<std::string, Millis> StallForecast::parts() const {
  const std::lock_guard lock(mutex_);
  return parts_;
}

Millis StallForecast::part(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto known = parts_.find(name);
  return known == parts_.end() ? Millis{0} : known->second;
}

std::map<std::string, Pace> StallForecast::paces() const {
  const std::lock_guard lock(mutex_);
  return paces_;
}

}  // namespace moult
