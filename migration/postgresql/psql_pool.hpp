#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "migration/postgresql/standing_psql.hpp"

namespace moult::postgresql {

/// Standing psqls of one cluster, begun when they are needed and kept for whoever comes next. Thread-safe. Ends before
/// the guest session does.
class PsqlPool {
 public:
  PsqlPool(GuestSession& guest, const PostgresqlData& cluster) : guest_(guest), cluster_(cluster) {}

  /// Runs a script in a database; one that lost its server before it was asked anything is replaced. Errors: those of
  /// StandingPsql.
  Result<StandingPsql::Answer> ask(const std::string& database, const std::string& script, Millis most);
  /// False once none could be begun: the guest has not what it takes, or is out of reach.
  [[nodiscard]] bool usable() const { return usable_; }
  /// So many are idle, as far as they can be had: for when there is no time to begin one.
  void warm(const std::string& database, std::size_t count);
  /// Is this the pool of that session?
  [[nodiscard]] bool serves(const GuestSession& guest) const { return &guest_ == &guest; }

 private:
  Result<std::unique_ptr<StandingPsql>> open(const std::string& database);
  std::unique_ptr<StandingPsql> take(const std::string& database);
  [[nodiscard]] std::size_t idle(const std::string& database);
  void keep(const std::string& database, std::unique_ptr<StandingPsql> psql);
  GuestSession& guest_;
  const PostgresqlData& cluster_;
  std::atomic<bool> usable_ = true;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::unique_ptr<StandingPsql>>> idle_;  // guarded by mutex_
};

}  // namespace moult::postgresql
