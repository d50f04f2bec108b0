#pragma once

#include <memory>
#include <string>

#include "descriptors/native.hpp"
#include "drivers/guest_session.hpp"

namespace moult::postgresql {

/// A psql in a guest that stays, for one database: what takes seconds in an emulated guest is its start. Its input and
/// output come through the helper, so it ends when this object does, or the channel, however either goes. Used by one
/// thread at a time, and no longer than its guest session lives.
class StandingPsql {
 public:
  /// Errors: failed, where the guest has no bash that reaches the helper; unreachable, timeout.
  static Result<std::unique_ptr<StandingPsql>> open(GuestSession& guest, const PostgresqlData& cluster,
                                                    const std::string& database);
  ~StandingPsql();

  struct Answer {
    std::string out;     ///< all rows; where a statement failed, with PostgreSQL's message behind them
    bool begun = false;  ///< false: psql had ended before, and nothing of the script was run
    bool good = false;   ///< false: psql has ended with the first statement that failed
  };
  /// Runs a script to its end. A session that did not answer well is of no more use. Errors, after which it is not
  /// known what of the script was run: timeout; unreachable; invalid, above the limit for answers.
  Result<Answer> ask(const std::string& script, Millis most);

 private:
  StandingPsql(std::unique_ptr<TunnelEnd> end, std::string early) : end_(std::move(end)), early_(std::move(early)) {}
  Result<Answer> read_answer(const std::string& begins, const std::string& ends);
  std::unique_ptr<TunnelEnd> end_;
  std::string early_;  ///< what psql said before it was asked
};

}  // namespace moult::postgresql
