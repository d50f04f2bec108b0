#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "orchestrator/store/records.hpp"

namespace moult {

/// What recovery reads: runs, their states, their steps and small facts.
///
/// Every write is durable when it returns, or, within Store::atomically(), when that returns. A write that fails
/// changed nothing, unless its error's disposition is `ambiguous` (the disk failed during the commit): then read again
/// from a newly opened store. Facts are JSON objects; they are made canonical, and what looks like a secret is
/// redacted (see facts.hpp). Errors: not_found (run or step), invalid (facts, time, name), refused, busy, no_space, io.
/// Safe from several threads. Owned by its Store.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Records a new run and its audit row "run.created" in one transaction. Refused when the id exists.
  virtual Result<> create_run(const RunRecord& run, const Stamp& stamp) = 0;
  virtual Result<RunRecord> run(const std::string& id) = 0;
  /// All runs, oldest first.
  virtual Result<std::vector<RunSummary>> runs() = 0;
  /// Compare-and-set of the state with its audit row "run.state" in one transaction.
  /// Refused, naming the state found, when the run is not in `from`.
  virtual Result<> set_state(const StateChange& change) = 0;

  /// Records what is about to be done; returns the step's sequence.
  virtual Result<std::int64_t> intend(const Intent& intent) = 0;
  /// Records how it ended. Repeating the same outcome is harmless. `done` and `failed` may become `undone`, `unknown`
  /// may become anything; every other change of an outcome is refused.
  virtual Result<> conclude(std::int64_t sequence, StepOutcome outcome, const std::string& facts,
                            const std::string& utc) = 0;
  /// All steps of a run by sequence.
  virtual Result<std::vector<StepRecord>> steps(const std::string& run) = 0;

  /// Small facts of a run by key (disk chains before, places of NICs, digests). Values are kept to the byte and are
  /// not redacted: a secret must not be put here. A second put replaces the first.
  virtual Result<> put_value(const std::string& run, const std::string& key, const std::string& value) = 0;
  virtual Result<std::map<std::string, std::string>> values(const std::string& run) = 0;

  /// One of values(run), or not_found.
  [[nodiscard]] Result<std::string> value(const std::string& run, const std::string& key);
};

}  // namespace moult
