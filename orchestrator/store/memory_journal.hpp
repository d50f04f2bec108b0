#pragma once

#include "orchestrator/store/journal.hpp"
#include "orchestrator/store/memory_state.hpp"

namespace moult {

class MemoryJournal final : public Journal {
 public:
  MemoryJournal(MemoryState& state, AuditLog& audit) : state_(state), audit_(audit) {}

  Result<> create_run(const RunRecord& run, const Stamp& stamp) override;
  Result<RunRecord> run(const std::string& id) override;
  Result<std::vector<RunSummary>> runs() override;
  Result<> set_state(const StateChange& change) override;
  Result<std::int64_t> intend(const Intent& intent) override;
  Result<> conclude(std::int64_t sequence, StepOutcome outcome, const std::string& facts,
                    const std::string& utc) override;
  Result<std::vector<StepRecord>> steps(const std::string& run) override;
  Result<> put_value(const std::string& run, const std::string& key, const std::string& value) override;
  Result<std::map<std::string, std::string>> values(const std::string& run) override;

 private:
  Result<RunRecord*> find(const std::string& id);

  MemoryState& state_;
  AuditLog& audit_;
};

}  // namespace moult
