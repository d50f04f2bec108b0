#pragma once

#include <functional>
#include <string>
#include <vector>

#include "migration/postgresql/names.hpp"
#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// What one direction makes on the cluster that will serve: a subscription for each database, which begins exactly
/// where the cluster's own data ends.
class Target {
 public:
  Target(Psql psql, const PostgresqlData& data, Names names) : psql_(psql), data_(data), names_(std::move(names)) {}

  /// Waits until the cluster has recovered and takes commands.
  Result<> await(Millis most) const;
  /// For a clone that has come up from its snapshot: finds the end of what it recovered, and keeps that in each
  /// database; takes away what it has only as a copy of the original. Idempotent.
  Result<> settle(const std::vector<std::string>& databases) const;
  /// The subscription of a database runs, over the port given, from `from` on where it is new.
  Result<> attach(const std::string& database, int port, const std::string& password, const std::string& from) const;
  /// Where settle() said that a database's own data ends.
  Result<std::string> recovered_to(const std::string& database) const;

  struct Progress {
    bool arrived = false;
    std::string received;  ///< changes while anything comes in; empty: no worker runs
  };
  /// Waits for a marker for so long.
  Result<Progress> await_mark(const std::string& database, const std::string& value, Millis most) const;
  /// Sets the sequences (name, last value, whether it was given out), applies nothing any more, has all that it was
  /// given on its disk, and notes where the way back begins.
  Result<> close(const std::string& database, const std::vector<Row>& sequences, const Names& back) const;
  /// What was applied is on the disk: the worker's commits do not wait for it, and this one does, for all before it.
  Result<> make_durable(const std::string& database) const;

 private:
  Result<std::string> end_of_recovery(const std::string& captured_at) const;
  Psql psql_;
  const PostgresqlData& data_;
  Names names_;
};

/// The record before the one whose line this is, as pg_waldump prints it. Error: invalid.
[[nodiscard]] Result<std::string> previous_record(const std::string& line);

}  // namespace moult::postgresql
