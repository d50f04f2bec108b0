#pragma once

#include "drivers/clock.hpp"
#include "drivers/workers.hpp"
#include "migration/data_strategy.hpp"
#include "migration/difference_pace.hpp"
#include "migration/file_bases.hpp"
#include "migration/session_of.hpp"

namespace moult {

/// The `files` strategy: state-based rounds of changed paths between two guests.
class FilesStrategy final : public DataStrategy {
 public:
  struct Setup {
    FileSet set;
    SessionOf source, target;
    Argv migrate;         ///< run on the target over what each round brought; empty: none
    std::string spool{};  ///< host file that keeps the target's manifest across a reboot
    Millis command_timeout{std::chrono::minutes{10}};
    bool compared = false;  ///< both sides are known to be equal when capture starts: no first round over everything
    std::uint64_t enough_for_pace = 64U << 20;  ///< of DifferencePace
  };
  /// The clock and the workers outlive it.
  FilesStrategy(Setup setup, Clock& clock, Workers& workers)
      : setup_(std::move(setup)),
        clock_(clock),
        workers_(workers),
        reconciled_(setup_.compared),
        unproven_(setup_.compared) {}

  [[nodiscard]] const std::string& name() const override { return setup_.set.name; }
  Result<> start_capture() override;
  Result<bool> keep_capture() override;
  Result<> open_target() override;
  Result<> close_target() override;
  Result<> save_target() override;
  Result<> restore_target() override;
  Result<> migrate_all() override;
  Result<> take_up() override;
  Result<RoundReport> round() override;
  Result<RoundReport> thorough_round() override;
  Result<Pending> pending() override;
  [[nodiscard]] std::string frozen_set() const override { return setup_.set.name; }
  Result<> fence(Millis) override { return {}; }
  Result<bool> unfence() override { return true; }
  Result<RoundReport> last_round() override;
  Result<> make_durable() override;
  Result<Verification> verify() override;
  Result<Comparison> compare_some() override;

 private:
  Result<> take_baseline(GuestFiles& source);
  [[nodiscard]] Error about(Error error) const;
  Result<> prove_baseline();
  Result<RoundReport> carry_named(RoundMode mode, bool differences);
  Result<RoundReport> carry_and_prepare(RoundMode mode);
  struct Sent {
    EmitReport emitted;
    ApplyReport applied;
  };
  Result<RoundReport> carry(RoundMode mode, bool differences);
  Result<Sent> send(RoundMode mode, bool differences);
  Result<Sent> send_records(RoundMode mode, bool differences);
  Result<> migrate_sent(bool was_answered);
  Result<> migrate(const std::vector<std::string>& paths);

  Setup setup_;
  Clock& clock_;
  Workers& workers_;
  FileBases bases_{setup_.set.name};
  DifferencePace pace_{setup_.enough_for_pace};
  int rounds_ = 0;
  bool reconciled_ = false;              ///< both sides were compared whole, and nothing was lost since
  bool unproven_ = false;                ///< no round has gone through since a baseline was taken for a comparison
  bool answered_ = true;                 ///< false: a round broke off, and which paths it brought is not known
  std::vector<std::string> unmigrated_;  ///< applied, but `migrate` has not seen them with success
};

}  // namespace moult
