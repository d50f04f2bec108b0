#pragma once

#include <memory>
#include <string>

#include "descriptors/native.hpp"
#include "drivers/guest_session.hpp"

namespace moult::postgresql {

/// A psql in a guest that stays, for one database: what takes seconds in an emulated guest is its start. It is a
/// command of the helper's, which kills it when this object goes or the channel breaks. Used by one thread at a time,
/// and no longer than its guest session lives.
class StandingPsql {
 public:
  /// Starts one, in `most`; it may not have reached the server yet. Errors: those of GuestTunnel::start.
  static Result<std::unique_ptr<StandingPsql>> open(GuestSession& guest, const PostgresqlData& cluster,
                                                    const std::string& database, Millis most);
  ~StandingPsql();

  struct Answer {
    std::string out;     ///< all rows; where a statement failed, with PostgreSQL's message behind them
    bool begun = false;  ///< false: psql had ended before, and nothing of the script was run
    bool good = false;   ///< false: psql has ended with the first statement that failed
  };
  /// Runs a script to its end. A session that did not answer well is of no more use. Errors, after which it is not
  /// known what of the script was run: timeout; unreachable; invalid, nonsense or above the limit for answers. psql was
  /// killed by then where the helper could be reached, so nothing more of the script is begun; what the server is at
  /// ends by itself, at the statement's own limit.
  Result<Answer> ask(const std::string& script, Millis most);

 private:
  StandingPsql(GuestTunnel& tunnel, StartedCommand psql) : tunnel_(tunnel), psql_(std::move(psql)) {}
  Result<Answer> read_answer(const std::string& begins, const std::string& ends);
  GuestTunnel& tunnel_;
  StartedCommand psql_;
};

}  // namespace moult::postgresql
