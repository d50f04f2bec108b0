#pragma once

#include <optional>

#include "drivers/clock.hpp"
#include "migration/data_strategy.hpp"
#include "migration/hook_side.hpp"
#include "migration/session_of.hpp"

namespace moult {

/// The `hooks` strategy: the vendor's own commands carry the set (docs/descriptors.md).
///
/// Moments have numbers, and a round counts only once its replay has ended well: what follows then asks for the changes
/// since that moment. A round whose answer was lost is asked again from the moment before, so nothing depends on what
/// arrived; `replay` of what was replayed before changes nothing. The moment that counts is kept in a file on this host
/// for a later process; where it is missing, or the source does not know it any more, all that the set holds is
/// carried.
class HooksStrategy final : public DataStrategy {
 public:
  struct Setup {
    HookSet set;
    SessionOf source, target;
    std::string spool;     ///< beginning of the names of this host's files
    bool one_way = false;  ///< this is the way back, and there is none
  };
  HooksStrategy(Setup setup, Clock& clock) : setup_(std::move(setup)), clock_(clock) {}

  [[nodiscard]] const std::string& name() const override { return setup_.set.name; }
  Result<> start_capture() override;
  Result<> keep_capture() override;
  Result<> open_target() override { return {}; }
  Result<> close_target() override { return {}; }
  Result<> save_target() override { return {}; }
  Result<> restore_target() override { return {}; }
  /// The component's update turns its data into their new form itself; `replay` takes over from there.
  Result<> migrate_all() override { return {}; }
  Result<> take_up() override;
  Result<RoundReport> round() override;
  /// On the way back all is carried once, before anybody waits: when the original was let go behind its seal, writers
  /// that had waited went on there, and what nobody was told to be safe must give way.
  Result<RoundReport> thorough_round() override;
  Result<Pending> pending() override;
  [[nodiscard]] std::string frozen_set() const override { return {}; }
  Result<> fence(Millis ttl) override;
  Result<bool> unfence() override;
  Result<RoundReport> last_round() override;
  Result<> make_durable() override;
  Result<Verification> verify() override;
  Result<> stop_capture() override;

 private:
  Result<HookSide> side(const SessionOf& side) const;
  [[nodiscard]] std::uint64_t next_number();
  [[nodiscard]] std::string position_file() const { return setup_.spool + ".moment"; }
  Result<> carried_until(std::uint64_t number);
  void recall();
  void forget_moment();
  Result<RoundReport> carry(int most_parts);
  Result<HookAnswer> carry_part(HookSide& source, HookSide& target, RoundReport& report);

  Setup setup_;
  Clock& clock_;
  int rounds_ = 0;
  std::uint64_t number_ = 0;            ///< the latest one that was used
  std::optional<std::uint64_t> since_;  ///< all up to this moment was carried; nothing: the next round is whole
  std::uint64_t last_bytes_ = 0;        ///< of the last round
  bool more_ = false;                   ///< and it left some behind
  std::uint64_t fence_ = 0;             ///< names the fence that is up; 0: none
  Clock::Steady fence_ends_{};
};

}  // namespace moult
