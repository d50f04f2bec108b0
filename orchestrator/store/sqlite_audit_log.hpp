#pragma once

#include <string>

#include "orchestrator/store/audit_log.hpp"
#include "orchestrator/store/sqlite_database.hpp"

namespace moult {

class SqliteAuditLog final : public AuditLog {
 public:
  SqliteAuditLog(SqliteDatabase& database, std::string state_dir)
      : database_(database), state_dir_(std::move(state_dir)) {}

  Result<std::int64_t> append(const AuditEntry& entry) override;
  Result<> read(std::int64_t from, const Visitor& visit) override;
  Result<ChainTip> tip() override;
  Result<SignedHead> sign_head(const std::string& utc) override;
  Result<std::vector<SignedHead>> heads() override;

 private:
  ChainTip tip_now();
  std::vector<SignedHead> heads_now(const std::string& chain);
  Result<SignedHead> next_head(const std::string& utc);

  SqliteDatabase& database_;
  std::string state_dir_;
};

}  // namespace moult
