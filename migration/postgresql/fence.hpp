#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// Sessions in which all of the vendor's tables are locked against changes, by whomever, and free to read. Each ends by
/// itself, in the guest, when its time is over; nobody needs to be there for it.
class Fence {
 public:
  /// Waits until every table of every database is locked. Transactions that are under way come to their end before; one
  /// that does not within half the time makes it fail. Where they and the locks wait for each other, the locks give way
  /// for a sixteenth of the time, and are taken in another order; from then on the transactions' statements are
  /// cancelled.
  static Result<std::unique_ptr<Fence>> set(const Psql& psql, const std::string& name,
                                            const std::vector<std::string>& databases, Millis ttl);
  ~Fence();  ///< waits for the sessions to end
  /// Ends them. True: all had held until now. `turn_away`: after all other sessions of clients, so that nobody who
  /// waits for the locks gets them.
  Result<bool> lift(bool turn_away = false);

 private:
  struct Session {
    std::thread thread;
    Result<> ended;
  };
  Fence(const Psql& psql, std::string name, std::vector<std::string> databases)
      : psql_(psql), name_(std::move(name)), databases_(std::move(databases)) {}
  Result<> await(Millis ttl);
  Psql psql_;
  std::string name_;
  std::vector<std::string> databases_;
  std::vector<std::unique_ptr<Session>> sessions_;
};

}  // namespace moult::postgresql
