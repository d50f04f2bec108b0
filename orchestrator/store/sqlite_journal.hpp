#pragma once

#include "orchestrator/store/audit_log.hpp"
#include "orchestrator/store/journal.hpp"
#include "orchestrator/store/sqlite_database.hpp"

namespace moult {

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(SqliteDatabase& database, AuditLog& audit) : database_(database), audit_(audit) {}

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
  /// not_found when there is none. Within a read() or write() only.
  Result<std::string> state_of(const std::string& run);

  SqliteDatabase& database_;
  AuditLog& audit_;
};

}  // namespace moult
