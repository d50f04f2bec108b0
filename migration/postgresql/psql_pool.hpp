#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "migration/postgresql/standing_psql.hpp"

namespace moult::postgresql {

/// Standing psqls of one cluster, begun when they are needed and kept for whoever comes next. Thread-safe. Ends before
/// the guest session does.
class PsqlPool {
 public:
  PsqlPool(GuestSession& guest, const PostgresqlData& cluster) : guest_(guest), cluster_(cluster) {}

  /// Runs a script in a database; a psql that lost its server before it was asked anything is replaced. Nothing: no
  /// psql could be started, so nothing was run. Errors, after which the script may have been run: those of
  /// StandingPsql.
  Result<std::optional<StandingPsql::Answer>> ask(const std::string& database, const std::string& script, Millis most);
  /// So many are idle, as far as the helper starts them: for when there is no time to begin one. Errors: failed, with
  /// PostgreSQL's own message where it lets one not in; those of StandingPsql::ask.
  Result<> warm(const std::string& database, std::size_t count);
  /// Lets go of those that are idle: each is one of the server's connections.
  void close_idle();
  /// Is this the pool of that session?
  [[nodiscard]] bool serves(const GuestSession& guest) const { return &guest_ == &guest; }

 private:
  std::unique_ptr<StandingPsql> take(const std::string& database);
  [[nodiscard]] std::size_t idle(const std::string& database);
  void keep(const std::string& database, std::unique_ptr<StandingPsql> psql);
  GuestSession& guest_;
  const PostgresqlData& cluster_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::unique_ptr<StandingPsql>>> idle_;  // guarded by mutex_
};

}  // namespace moult::postgresql
