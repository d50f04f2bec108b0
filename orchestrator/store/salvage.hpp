#pragma once

#include <map>
#include <string>
#include <vector>

#include "orchestrator/store/records.hpp"

namespace moult {

/// What can still be read of a damaged store: enough to put an original back by hand.
struct Salvage {
  std::vector<RunSummary> runs;
  std::vector<StepRecord> steps;
  std::map<std::string, std::map<std::string, std::string>> values;  ///< by run, by key
  std::vector<std::string> problems;                                 ///< what could not be read, and why

  /// "2 runs (r1: upgrading, r2: finished), 17 steps and 9 values can still be read"
  [[nodiscard]] std::string describe() const;
};

/// Reads row by row, past what is damaged; changes nothing. Never fails: problems are part of the answer.
[[nodiscard]] Salvage salvage_store(const std::string& state_dir);

}  // namespace moult
