#include "orchestrator/store/sqlite_audit_log.hpp"
#include "orchestrator/store/sqlite_journal.hpp"
#include "orchestrator/store/sqlite_open.hpp"
#include "orchestrator/store/sqlite_schema.hpp"
#include "orchestrator/store/store.hpp"

namespace moult {
namespace {

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<SqliteDatabase> database, const std::string& state_dir)
      : database_(std::move(database)), audit_(*database_, state_dir), journal_(*database_, audit_) {}

  Journal& journal() override { return journal_; }
  AuditLog& audit() override { return audit_; }
  Result<> atomically(const std::function<Result<>()>& body) override { return database_->atomically(body); }

 private:
  std::unique_ptr<SqliteDatabase> database_;
  SqliteAuditLog audit_;
  SqliteJournal journal_;
};

Result<std::unique_ptr<Store>> open(const std::string& state_dir, SqliteDatabase::Mode mode) {
  MOULT_ASSIGN(auto database, open_database(state_dir, mode, kMigrations));
  return std::make_unique<SqliteStore>(std::move(database), state_dir);
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& state_dir) {
  return open(state_dir, SqliteDatabase::Mode::read_write);
}

Result<std::unique_ptr<Store>> open_store_read_only(const std::string& state_dir) {
  return open(state_dir, SqliteDatabase::Mode::read_only);
}

}  // namespace moult
