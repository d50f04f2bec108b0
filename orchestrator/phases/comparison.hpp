#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "migration/data_strategy.hpp"
#include "orchestrator/ledger.hpp"

namespace moult {

/// The comparison of all data, content by content, that goes on while a run is ready: what the check under the fence
/// takes from memory is read again here, on both sides, a part at a time. Begins anew some time after it ended.
class BackgroundComparison {
 public:
  using Sets = std::vector<std::unique_ptr<DataStrategy>>;
  /// All of these outlive it.
  BackgroundComparison(const Sets& sets, Ledger& ledger, Clock& clock) : sets_(sets), ledger_(ledger), clock_(clock) {}
  /// One part of the set whose turn it is, if one's is. What differs is named and recorded, and the next round carries
  /// it. A comparison that fails is, too, and goes on later: the run waits for none. Errors: the audit log's alone.
  [[nodiscard]] Result<> go_on();

 private:
  struct Progress {
    std::uint64_t paths = 0, bytes = 0, differing = 0;
    Clock::Steady next = Clock::Steady::min();
  };
  [[nodiscard]] Result<> go_on(DataStrategy& set, Progress& progress);
  [[nodiscard]] Result<> name_differing(const std::string& set, const std::vector<std::string>& paths);
  [[nodiscard]] Result<> name_failure(const std::string& set, const Error& error);
  const Sets& sets_;
  Ledger& ledger_;
  Clock& clock_;
  std::size_t turn_ = 0;
  std::map<std::string, Progress> progress_;
};

}  // namespace moult
