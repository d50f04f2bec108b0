#include "orchestrator/store/sqlite_database.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "orchestrator/store/sqlite_error.hpp"

namespace moult {
namespace {

/// A writer waits this long for another process's transaction, each of which takes milliseconds.
constexpr int kBusyMillis = 10'000;

}  // namespace

SqliteDatabase::SqliteDatabase(const std::string& path, Mode mode)
    : connection_(std::make_unique<SQLite::Database>(
          path, mode == Mode::read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE, kBusyMillis)) {
  if (mode == Mode::read_write) connection_->exec("PRAGMA journal_mode = WAL");
  connection_->exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
}

SqliteDatabase::~SqliteDatabase() = default;

Result<> SqliteDatabase::guarded(const Body& body) {
  try {
    return body();
  } catch (const SQLite::Exception& e) {
    doomed_ = error_of(e, connection_->getHandle());
    return Unexpected(*doomed_);
  }
}

Result<> SqliteDatabase::read(const Body& body) {
  const std::lock_guard lock(mutex_);
  return guarded(body);
}

Result<> SqliteDatabase::write(const Body& body) {
  const std::lock_guard lock(mutex_);
  return in_transaction_ ? guarded(body) : outermost(body);
}

Result<> SqliteDatabase::atomically(const Body& body) {
  const std::lock_guard lock(mutex_);
  return in_transaction_ ? nested(body) : outermost(body);
}

Result<> SqliteDatabase::nested(const Body& body) {
  return guarded([&]() -> Result<> {
    const auto mark = after_.size();
    connection_->exec("SAVEPOINT inner");
    auto result = guarded(body);
    if (!result) after_.resize(mark);
    connection_->exec(result ? "RELEASE inner" : "ROLLBACK TO inner; RELEASE inner");
    return result;
  });
}

Result<> SqliteDatabase::outermost(const Body& body) {
  MOULT_TRY(guarded([this]() -> Result<> {
    connection_->exec("BEGIN IMMEDIATE");
    return {};
  }));
  doomed_.reset();
  after_.clear();
  in_transaction_ = true;
  // Also when body throws, as a simulated crash does: nothing of it may stay.
  const std::unique_ptr<SqliteDatabase, void (*)(SqliteDatabase*)> ending(this, [](SqliteDatabase* database) {
    database->in_transaction_ = false;
    database->roll_back();
  });
  MOULT_TRY(guarded(body));
  if (doomed_) return Unexpected(*doomed_);
  MOULT_TRY(commit());
  in_transaction_ = false;
  return run_after();
}

Result<> SqliteDatabase::commit() {
  auto result = guarded([this]() -> Result<> {
    connection_->exec("COMMIT");
    return {};
  });
  // A failed sync says nothing about what reached the disk: the next process may find the transaction there.
  if (!result && result.error().code == Code::io) result.error().disposition = Disposition::ambiguous;
  return result;
}

void SqliteDatabase::roll_back() noexcept {
  if (sqlite3_get_autocommit(connection_->getHandle()) == 0) connection_->tryExec("ROLLBACK");
}

Result<> SqliteDatabase::run_after() {
  const auto bodies = std::exchange(after_, {});
  for (const auto& body : bodies) MOULT_TRY(body());
  return {};
}

}  // namespace moult
