#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "orchestrator/store/audit_log.hpp"
#include "orchestrator/store/records.hpp"

namespace moult {

/// What a store in memory holds, with an undo list instead of a database's transaction.
class MemoryState {
 public:
  using Body = std::function<Result<>()>;

  /// Runs body as one step: when it fails or throws, what it undoes is undone, newest first. Calls nest.
  Result<> write(const Body& body);
  /// How to take the change back that was just made, within write().
  void on_failure(std::function<void()> undo) { undo_.push_back(std::move(undo)); }

  std::recursive_mutex mutex;
  std::map<std::string, RunRecord> runs;
  std::vector<std::string> run_order;
  std::vector<StepRecord> steps;  ///< the step with sequence n stands at n - 1
  std::map<std::string, std::map<std::string, std::string>> values;
  std::vector<AuditRow> rows;  ///< the row with seq n stands at n - 1
  std::map<std::string, std::int64_t> run_rows;
  std::vector<SignedHead> heads;

 private:
  std::vector<std::function<void()>> undo_;
  int depth_ = 0;
};

}  // namespace moult
