#include "tests/bench/measures/unchained.hpp"

#include <stdexcept>

namespace moult::bench {
namespace {

constexpr const char* kTable = R"(
PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, run TEXT NOT NULL, run_row INTEGER NOT NULL, step TEXT NOT NULL,
  actor TEXT NOT NULL, utc TEXT NOT NULL, event TEXT NOT NULL, facts TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX audit_by_run ON audit (run, run_row);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq OR (run = NEW.run AND run_row = NEW.run_row))
BEGIN SELECT RAISE(ABORT, 'append-only'); END;)";
constexpr const char* kInsert =
    "INSERT INTO audit (run, run_row, step, actor, utc, event, facts) VALUES ('r1', ?, 'switch', 'alice',"
    " '2026-01-01T00:00:00.000Z', 'step.done', '{\"subject\":\"machine app\",\"took_ms\":83}')";

}  // namespace

UnchainedLog::UnchainedLog(const std::string& path) {
  if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("cannot make " + path);
  exec(kTable);
  if (sqlite3_prepare_v2(database_, kInsert, -1, &insert_, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(database_));
}

UnchainedLog::~UnchainedLog() {
  sqlite3_finalize(insert_);
  sqlite3_close(database_);
}

void UnchainedLog::exec(const char* sql) {
  if (sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(sqlite3_errmsg(database_));
}

void UnchainedLog::insert(std::size_t row) {
  sqlite3_bind_int64(insert_, 1, static_cast<sqlite3_int64>(row));
  if (sqlite3_step(insert_) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database_));
  sqlite3_reset(insert_);
}

void UnchainedLog::write(std::size_t commits, std::size_t group) {
  for (std::size_t commit = 0; commit < commits; ++commit) {
    exec("BEGIN IMMEDIATE");
    for (std::size_t row = 0; row < group; ++row) insert(++rows_);
    exec("COMMIT");
  }
}

}  // namespace moult::bench
