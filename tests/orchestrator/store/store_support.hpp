#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <string>

#include "orchestrator/store/audit_verify.hpp"
#include "orchestrator/store/store.hpp"

namespace moult::testing {

/// A directory that is gone when the test is.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moult-store-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string state() const { return path_ + "/state"; }

 private:
  std::string path_;
};

inline constexpr const char* kUtc = "2024-05-01T10:00:00.000Z";
inline constexpr const char* kLater = "2024-05-01T10:00:01.000Z";

inline Stamp stamp(const std::string& utc = kUtc) { return {utc, "alice"}; }

inline RunRecord a_run(const std::string& id = "r1") {
  RunRecord run;
  run.id = id;
  run.appliance = "org.example.notes";
  run.release = "2.0.0";
  run.state = "planned";
  run.operator_name = "alice";
  run.created_utc = kUtc;
  run.plan_json = "{\"b\": 1, \"a\":2}";
  run.options_json = "{}";
  return run;
}

inline AuditEntry an_entry(const std::string& event, const std::string& run = "r1", const std::string& facts = "{}") {
  return {run, "", "alice", kUtc, event, facts};
}

/// All rows of a log.
inline std::vector<AuditRow> rows_of(AuditLog& log) {
  std::vector<AuditRow> rows;
  const auto read = log.read(1, [&](const AuditRow& row) -> Result<> {
    rows.push_back(row);
    return {};
  });
  if (!read) rows.clear();
  return rows;
}

/// What somebody with the sqlite3 program does to a state directory; an empty text when it went through.
inline std::string tamper(const std::string& state_dir, const std::string& sql) {
  sqlite3* database = nullptr;
  std::string why;
  char* message = nullptr;
  if (sqlite3_open((state_dir + "/moult.db").c_str(), &database) != SQLITE_OK) why = "cannot open";
  if (why.empty() && sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK) why = message;
  sqlite3_free(message);
  sqlite3_close(database);
  return why;
}

/// Removes what keeps the audit tables append-only, as a determined person would.
inline const std::string kDropTriggers =
    "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_no_replace;"
    "DROP TRIGGER audit_head_no_update; DROP TRIGGER audit_head_no_delete; DROP TRIGGER audit_head_no_replace;";

}  // namespace moult::testing
