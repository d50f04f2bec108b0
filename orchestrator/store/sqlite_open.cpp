#include "orchestrator/store/sqlite_open.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "orchestrator/store/file_lock.hpp"
#include "orchestrator/store/salvage.hpp"
#include "orchestrator/store/small_file.hpp"
#include "orchestrator/store/sqlite_error.hpp"
#include "orchestrator/store/sqlite_schema.hpp"
#include "orchestrator/store/state_dir.hpp"

namespace moult {
namespace {

using Migrations = std::span<const std::string_view>;
using Mode = SqliteDatabase::Mode;

Unexpected damaged(const std::string& state_dir, const std::string& why) {
  return fail(
      Code::invalid,
      "the journal " + store_path(state_dir) + " is damaged: " + why + "; " + salvage_store(state_dir).describe(),
      "Copy the state directory away before anything else, then follow docs/recovery.md.");
}

/// Calls body; what SQLite throws becomes an Error that says what can still be read where the file is bad.
Result<> attempt(const std::string& state_dir, const SqliteDatabase::Body& body) {
  try {
    return body();
  } catch (const SQLite::Exception& e) {
    if (is_damage(e)) return damaged(state_dir, e.what());
    if (::access(store_path(state_dir).c_str(), R_OK) != 0 && errno == EACCES)
      return file_error(EACCES, "cannot open", store_path(state_dir));
    return Unexpected(error_of(e, nullptr));
  }
}

int version_of(SQLite::Database& connection) { return connection.execAndGet("PRAGMA user_version").getInt(); }

Result<> check_identity(SqliteDatabase& database, const std::string& state_dir, int known) {
  auto& connection = database.connection();
  if (connection.execAndGet("PRAGMA application_id").getInt() != kApplicationId)
    return damaged(state_dir, "it is not moult's");
  if (version_of(connection) > known)
    return fail(Code::refused,
                "the journal " + store_path(state_dir) + " was written by a newer moult (schema " +
                    std::to_string(version_of(connection)) + ", this one knows " + std::to_string(known) + ")",
                "Use the newer moult.");
  const std::string verdict = connection.execAndGet("PRAGMA quick_check(1)").getString();
  if (verdict != "ok") return damaged(state_dir, verdict);
  return {};
}

/// Applies one file and its number in one transaction: an interrupted migration is none.
void apply(SQLite::Database& connection, int number, std::string_view sql) {
  SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
  connection.exec(std::string(sql));
  connection.exec("PRAGMA user_version = " + std::to_string(number));
  transaction.commit();
}

void migrate(SQLite::Database& connection, Migrations migrations) {
  for (auto number = version_of(connection); number < static_cast<int>(migrations.size()); ++number)
    apply(connection, number + 1, migrations[static_cast<std::size_t>(number)]);
}

/// Builds a new file aside and renames it: an empty or half-made moult.db is therefore always damage.
Result<> create(const std::string& state_dir, Migrations migrations) {
  for (const char* remains : {"/moult.db-wal", "/audit.head"})
    if (::access((state_dir + remains).c_str(), F_OK) == 0)
      return fail(Code::invalid, store_path(state_dir) + " is gone, but " + state_dir + remains + " is there",
                  "Restore the journal from a backup, or follow docs/recovery.md.");
  const auto fresh = store_path(state_dir) + ".new";
  for (const char* suffix : {"", "-journal", "-wal", "-shm"}) ::unlink((fresh + suffix).c_str());
  const Fd file(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return file_error(errno, "cannot create", fresh);
  {
    SQLite::Database connection(fresh, SQLite::OPEN_READWRITE);
    connection.exec("PRAGMA synchronous = FULL; PRAGMA application_id = " + std::to_string(kApplicationId));
    migrate(connection, migrations);
  }
  if (::fsync(file.get()) != 0) return file_error(errno, "cannot sync", fresh);
  if (std::rename(fresh.c_str(), store_path(state_dir).c_str()) != 0)
    return file_error(errno, "cannot put in place", store_path(state_dir));
  return sync_directory(state_dir);
}

Result<> prepare(const std::string& state_dir, Migrations migrations) {
  struct stat status {};
  if (::stat(store_path(state_dir).c_str(), &status) != 0)
    return errno == ENOENT ? create(state_dir, migrations)
                           : Result<>(file_error(errno, "cannot look at", store_path(state_dir)));
  if (status.st_size == 0) return damaged(state_dir, "it is empty");
  return {};
}

Result<std::unique_ptr<SqliteDatabase>> open_to_write(const std::string& state_dir, Migrations migrations) {
  MOULT_TRY(make_private_directory(state_dir));
  MOULT_ASSIGN(const auto lock, lock_file(state_dir + "/store.lock"));
  std::unique_ptr<SqliteDatabase> database;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    MOULT_TRY(prepare(state_dir, migrations));
    database = std::make_unique<SqliteDatabase>(store_path(state_dir), Mode::read_write);
    MOULT_TRY(check_identity(*database, state_dir, static_cast<int>(migrations.size())));
    migrate(database->connection(), migrations);
    return {};
  };
  MOULT_TRY(attempt(state_dir, body));
  return database;
}

Result<std::unique_ptr<SqliteDatabase>> open_to_read(const std::string& state_dir, Migrations migrations) {
  struct stat status {};
  if (::stat(store_path(state_dir).c_str(), &status) != 0)
    return file_error(errno, "there is no journal", store_path(state_dir));
  if (status.st_size == 0) return damaged(state_dir, "it is empty");
  std::unique_ptr<SqliteDatabase> database;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    database = std::make_unique<SqliteDatabase>(store_path(state_dir), Mode::read_only);
    MOULT_TRY(check_identity(*database, state_dir, static_cast<int>(migrations.size())));
    if (version_of(database->connection()) < static_cast<int>(migrations.size()))
      return fail(Code::refused, "the journal " + store_path(state_dir) + " was written by an older moult",
                  "`moult resume` opens it for writing, and so brings it up to date.");
    return {};
  };
  MOULT_TRY(attempt(state_dir, body));
  return database;
}

}  // namespace

std::string store_path(const std::string& state_dir) { return state_dir + "/moult.db"; }

Result<std::unique_ptr<SqliteDatabase>> open_database(const std::string& state_dir, Mode mode, Migrations migrations) {
  return mode == Mode::read_only ? open_to_read(state_dir, migrations) : open_to_write(state_dir, migrations);
}

}  // namespace moult
