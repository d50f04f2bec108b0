#pragma once

#include <map>
#include <optional>
#include <string>

#include "orchestrator/run_context.hpp"
#include "orchestrator/stall_forecast.hpp"

namespace moult {

/// Watches rounds that follow each other at once until the forecast stall fits the budget. Where a set is written as
/// fast as it is carried, so that they do not get shorter, it says so early, with figures; with RunOptions::throttle it
/// slows the disks of that set's original, step by step (orchestrator/throttle.hpp), down to the floor given there.
/// Where that does not help, or there is nothing to slow, it lets the originals go, and tries anew after a minute.
class Brake {
 public:
  Brake(RunContext& run, StallForecast& forecast) : run_(run), forecast_(forecast) {}

  /// A round of each set has ended, and with what is pending the stall would be over the budget. A machine that cannot
  /// be slowed is warned of, and holds nothing up. Error: the journal's or the audit log's.
  Result<> after_round(const std::map<std::string, Pending>& pending);
  /// Rounds do not get shorter, and slowing did all that it can: no original is slowed for a minute.
  [[nodiscard]] bool spent() const;

 private:
  /// A machine with a set that is outpaced.
  struct Outpaced {
    double load = 0;   ///< of the set that is outpaced most
    double bytes = 0;  ///< written to these sets a second
  };
  using Paces = std::map<std::string, Pace>;

  [[nodiscard]] const std::string& machine_of(const std::string& set) const;
  [[nodiscard]] Paces judged_sets() const;
  [[nodiscard]] Paces outpaced_sets() const;
  [[nodiscard]] Paces carried_sets() const;
  Result<> say(const Paces& sets, const std::map<std::string, Pending>& pending);
  [[nodiscard]] std::string advice() const;
  void begin_anew();
  void look_at_disks();
  double disk_rate(const std::string& machine);
  Result<> slow(const Paces& sets);
  /// False where nothing is left to slow, or it failed.
  Result<bool> slow_machine(const std::string& machine, const Outpaced& how);
  Result<> give_up_in_time(const std::map<std::string, Pending>& pending);

  /// What a machine had written, and when.
  struct Written {
    Clock::Steady at{0};
    std::map<std::string, std::uint64_t> bytes;
  };

  RunContext& run_;
  StallForecast& forecast_;
  unsigned rounds_ = 0;
  bool said_ = false;
  std::optional<Clock::Steady> rests_until_;   ///< nothing is slowed until then
  unsigned idle_ = 0;                          ///< rounds since one got shorter, or a machine was slowed
  Millis shortest_ = Millis::max();            ///< the last round, when it got shorter last
  std::map<std::string, Written> written_;     ///< by machine, when it was looked at last
  std::map<std::string, unsigned> slowed_at_;  ///< by set: its rounds when its machine was slowed last
};

}  // namespace moult
