#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "descriptors/native.hpp"
#include "drivers/clock.hpp"
#include "migration/data_strategy.hpp"
#include "migration/session_of.hpp"

namespace moult {

namespace postgresql {
class Psql;
class PsqlPool;
}  // namespace postgresql

/// The `native` strategy for PostgreSQL: logical replication through a tunnel between the guests. The target's own copy
/// of the data is the initial state; changes begin exactly where it ends.
///
/// Rounds: replication goes on by itself; a round commits a marker on the source and waits until it has arrived, and
/// with it, since one worker applies transactions in the order of their commits, everything before it. In reports and
/// in `pending`, paths are pages of 8 KiB of the source's log, of whatever kind.
class PostgresqlStrategy final : public DataStrategy {
 public:
  struct Setup {
    std::string name;
    PostgresqlData data;
    SessionOf source, target;
    bool forward = true;        ///< original -> clone
    bool one_way = false;       ///< of the way back: it is not to be made
    Millis boot{180'000};       ///< how long PostgreSQL in a clone may take to come up
    Millis standstill{60'000};  ///< a round that receives nothing for so long has failed
  };
  PostgresqlStrategy(Setup setup, Clock& clock);
  ~PostgresqlStrategy() override;

  [[nodiscard]] const std::string& name() const override { return setup_.name; }
  Result<> start_capture() override;
  Result<bool> keep_capture() override;
  Result<> open_target() override;
  Result<> close_target() override;
  Result<> save_target() override;
  Result<> restore_target() override;
  Result<> migrate_all() override { return {}; }
  Result<> take_up() override;
  Result<RoundReport> round() override;
  Result<RoundReport> thorough_round() override;
  Result<Pending> pending() override;
  [[nodiscard]] std::string frozen_set() const override { return {}; }
  [[nodiscard]] bool outlives_helper() const override { return true; }  // it is a way there, and asks questions
  Result<> fence(Millis ttl) override;
  Result<bool> unfence() override;
  Result<RoundReport> last_round() override;
  Result<> make_durable() override;
  Result<Verification> verify() override;
  Result<> stop_capture() override;
  void source_sealed() override;
  void let_go() override;

 private:
  class Sides;
  struct Fence;
  /// One side's cluster, asked through psqls that stay.
  Result<postgresql::Psql> psql_of(const SessionOf& side, std::shared_ptr<postgresql::PsqlPool>& pool);
  Result<Sides> sides();
  Result<> warm();
  Result<> look_again();
  Result<> check_columns(const postgresql::Psql& source);
  Result<> attach(Sides& sides);
  Result<> await_mark(Sides& sides, const std::string& database, const std::string& value);
  Result<RoundReport> carry(bool last);
  Result<> learn_digests(Sides& sides);
  [[nodiscard]] Error about(Error error) const;

  const Setup setup_;
  Clock& clock_;
  std::vector<std::string> databases_;                               ///< known once a cluster was asked
  std::shared_ptr<postgresql::PsqlPool> source_pool_, target_pool_;  ///< of the sessions that sides() saw last
  std::unique_ptr<class Tunnel> tunnel_;
  std::unique_ptr<Fence> fence_;
  std::map<std::string, std::string> digests_;   ///< what verify() asks, for each database
  std::map<std::string, std::uint64_t> marked_;  ///< log position of the last round, for each database
  bool sealed_ = false;                          ///< the fence ends behind the seal
  bool closed_ = false;      ///< the subscriptions are switched off, at the position from which the way back begins
  bool first_look_ = false;  ///< the target was settled just now: its update comes first, then changes
  int rounds_ = 0;
};

}  // namespace moult
