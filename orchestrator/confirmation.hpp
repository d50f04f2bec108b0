#pragma once

#include <optional>

#include "orchestrator/run_context.hpp"

namespace moult {

/// The time within which a person confirms a cutover (RunOptions::confirm_within). Its end is in the journal, in the
/// host's steady time and in UTC: within one boot a wall clock that jumps moves nothing, after a reboot UTC decides.

/// A moment by both clocks of a host.
struct Moment {
  std::string era;  ///< Clock::era()
  Clock::Steady steady{0};
  std::chrono::system_clock::time_point utc;
};
/// At least 0.
[[nodiscard]] Millis time_left(const Moment& deadline, const Moment& now);

/// Begins it, at the commit. Idempotent: a process that takes the run up does not begin it anew.
[[nodiscard]] Result<> begin_confirm_time(RunContext& run);
/// How long it still runs, at least 0. Nothing where it was not begun, or the run is confirmed.
[[nodiscard]] Result<std::optional<Millis>> confirm_time_left(RunContext& run);
/// When it ends, in UTC, for people; empty where confirm_time_left is nothing.
[[nodiscard]] Result<std::string> confirm_deadline(Journal& journal, const std::string& run);

/// Ends it without a confirmation: rolling back by itself did not come about, and a person decides.
[[nodiscard]] Result<> end_confirm_time(RunContext& run);

/// Ends it: the clone stays, and the way back too. Idempotent. `is_confirmed` says whether that was done.
[[nodiscard]] Result<> confirm(RunContext& run);
[[nodiscard]] Result<bool> is_confirmed(Journal& journal, const std::string& run);

/// What ends the wait for a confirmation. `timed_out`: nobody asked for anything within the time.
enum class Ending { confirmed, roll_back, roll_back_one_way, finish, timed_out };
/// Waits for it, or for another process's word. Error: interrupted, and then nobody waits any more.
[[nodiscard]] Result<Ending> await_confirmation(RunContext& run);

}  // namespace moult
