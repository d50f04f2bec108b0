#pragma once

#include <map>
#include <mutex>
#include <string>

#include "migration/forecast.hpp"
#include "migration/pace.hpp"

namespace moult {

/// Adds up what a cutover would cost from what was measured in this run: each part under its name, and the last round
/// of every set from its own rounds. Nothing in it is assumed. Safe from several threads.
class StallForecast {
 public:
  /// The latest measurement of a part: "freeze", "switch", "verify", ...
  void measured(const std::string& part, Millis took);
  void round(const std::string& set, const RoundReport& report);
  /// The same of a round of which it is known when it began.
  void round(const std::string& set, const RoundReport& report, Clock::Steady began);
  /// Sets are carried side by side: the slowest one counts.
  [[nodiscard]] Millis last_round(const std::map<std::string, Pending>& pending) const;
  [[nodiscard]] Millis stall(const std::map<std::string, Pending>& pending) const;
  [[nodiscard]] std::map<std::string, Millis> parts() const;
  /// One of them; nothing that was never measured takes 0 ms.
  [[nodiscard]] Millis part(const std::string& name) const;
  /// Whether rounds get shorter, set by set, of those whose rounds' beginnings are known.
  [[nodiscard]] std::map<std::string, Pace> paces() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Millis> parts_;
  std::map<std::string, Forecast> sets_;
  std::map<std::string, Pace> paces_;
};

}  // namespace moult
