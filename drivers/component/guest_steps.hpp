#pragma once

#include <map>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/clock.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// A moment until which several commands together may take. The clock outlives it.
class Deadline {
 public:
  Deadline(const Clock& clock, Millis allowed) : clock_(clock), until_(clock.steady() + allowed) {}
  /// What is left, at least 1 ms.
  [[nodiscard]] Millis left() const;
  [[nodiscard]] bool passed() const { return clock_.steady() >= until_; }

 private:
  const Clock& clock_;
  Clock::Steady until_;
};

/// The last lines that a command said, on standard error or else on standard output, safe for a terminal.
[[nodiscard]] std::string last_lines(const Outcome& outcome);

/// A command for an update: the administrator's PATH, English messages, and `env`.
[[nodiscard]] Command step_command(const std::vector<std::string>& argv, Millis timeout,
                                   const std::map<std::string, std::string>& env = {});
/// What to say of a command that ended badly.
[[nodiscard]] Error step_failure(const std::vector<std::string>& argv, const Outcome& outcome);

/// Runs a command that must end well. Errors: failed, with its last lines; those of GuestAccess::run.
Result<Outcome> run_step(GuestAccess& guest, const std::vector<std::string>& argv, Millis timeout,
                         const std::map<std::string, std::string>& env = {});

/// Stops, or starts, systemd units; none named: nothing is run.
Result<> stop_units(GuestAccess& guest, const std::vector<std::string>& units, const Deadline& deadline);
Result<> start_units(GuestAccess& guest, const std::vector<std::string>& units, const Deadline& deadline);

}  // namespace moult
