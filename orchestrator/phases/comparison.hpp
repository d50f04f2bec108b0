#pragma once

#include <map>
#include <string>

#include "orchestrator/run_context.hpp"

namespace moult {

/// The comparison of all data, content by content, that goes on while a run is ready: what the check under the fence takes
/// from memory is read again here, on both sides, a part at a time. Begins anew some time after it ended.
class BackgroundComparison {
 public:
  explicit BackgroundComparison(RunContext& run) : run_(run) {}
  /// One part of each set that is not through. What differs is named and recorded, and the next round carries it.
  [[nodiscard]] Result<> go_on();

 private:
  struct Progress {
    std::uint64_t paths = 0, bytes = 0, differing = 0;
    Clock::Steady next = Clock::Steady::min();
  };
  [[nodiscard]] Result<> go_on(DataStrategy& set, Progress& progress);
  [[nodiscard]] Result<> name_differing(const std::string& set, const std::vector<std::string>& paths);
  RunContext& run_;
  std::map<std::string, Progress> sets_;
};

}  // namespace moult
