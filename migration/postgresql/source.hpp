#pragma once

#include <optional>
#include <string>
#include <vector>

#include "migration/postgresql/names.hpp"
#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// What one direction makes on the cluster that serves: a role, publications, a slot for each database, and a marker
/// table whose row, once it arrives, says that all before it has arrived.
class Source {
 public:
  Source(Psql psql, const PostgresqlData& data, Names names, bool forward)
      : psql_(psql), data_(data), names_(std::move(names)), forward_(forward) {}

  /// Makes them, in place of what an earlier run left. From its return on, every commit is in a slot.
  Result<> start(const std::vector<std::string>& databases) const;
  /// They are there still.
  Result<> check(const std::vector<std::string>& databases) const;
  /// A fresh password for the role, seen to let it in.
  Result<std::string> renew_password(const std::vector<std::string>& databases) const;

  struct Mark {
    std::string value;  ///< of the marker
    std::uint64_t lsn = 0;
    std::vector<Row> sequences;  ///< of the last one: name, last value, whether it was given out
  };
  /// Commits a new marker, after a look whether anything was changed that replication leaves out. Error: conflict, with
  /// names.
  Result<Mark> mark(const std::string& database, bool last = false) const;
  /// Bytes of the log that no slot has seen arrive.
  Result<std::uint64_t> behind() const;

 private:
  Result<> start_in(const std::string& database) const;
  [[nodiscard]] std::string publishing() const;
  [[nodiscard]] std::string remembering() const;
  Result<> name_changes(const std::string& database) const;
  Psql psql_;
  const PostgresqlData& data_;
  Names names_;
  bool forward_;
};

/// Keys of the run's own table, which is not published.
inline constexpr const char* kCapturedAt = "captured_at";  ///< log position at which the last slot was there
[[nodiscard]] std::string start_key(const Names& names);   ///< from where the other side has to be given changes

/// Puts a value under a key.
[[nodiscard]] std::string put_state(const std::string& key, const std::string& value_expression);
[[nodiscard]] std::string get_state(const std::string& key);

}  // namespace moult::postgresql
