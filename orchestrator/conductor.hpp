#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "migration/hooks_check.hpp"
#include "orchestrator/confirmation.hpp"
#include "orchestrator/phases/phases.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// How a run stands when the conductor lets go of it.
struct RunEnd {
  RunState state = RunState::planned;
  double stall_ms = 0;                                  ///< measured here from hold to release; 0 without a cutover
  std::optional<Millis> forecast{};                     ///< what a rehearsal found
  std::map<std::string, std::vector<HookRow>> hooks{};  ///< by set, what a check of hooks found
};

/// Takes a run through its states. One conductor a run at a time: the caller holds the appliance's lock.
class Conductor {
 public:
  Conductor(RunContext& run, RunState state) : run_(run), state_(state) {}

  /// From planned to confirming (or finished, with RunOptions::finish). On failure or interrupt before the commit the
  /// run is undone and `aborted`, and the cause is returned. A failing check after the switch rolls back. With
  /// RunOptions::confirm_within it waits for the confirmation; without one it rolls back, and the error is timeout,
  /// with a word to go back it is interrupted. Interrupted by Interrupt there, it leaves the clone serving and the time
  /// running.
  Result<RunEnd> go();
  /// Undoes a run before its commit. Refused after it, with what to do instead.
  Result<RunEnd> abort();
  /// Back to the original, with every write that the clone acknowledged. Refused where a data set has no way back.
  Result<RunEnd> roll_back();
  /// The same, without what was written to such sets since the cutover: the audit log says how much that was.
  Result<RunEnd> roll_back_one_way();
  /// Gives the way back up.
  Result<RunEnd> finish();
  /// The clone stays: nothing rolls back by itself any more (with RunOptions::finish: the way back is given up). Does
  /// first what a process that died left undone behind the switch. Refused for a run that no clone serves.
  Result<RunEnd> confirm();
  /// Takes up a run whose process died, in whatever state: makes one side serve first, then goes on to where `go`,
  /// `roll_back` or `finish` was taking it. Before the cutover the clone is made anew where it cannot be trusted to be
  /// whole. Refused for a run that is over. Where it cannot be known which side serves, the error says what is known,
  /// and nothing is done.
  Result<RunEnd> resume();
  /// From planned to aborted: clones the machines, and holds the hooks of every planned set of that kind to their
  /// contract, on the clones alone (migration/hooks_check.hpp). `write` changes the data there; empty: none.
  Result<RunEnd> check_hooks(const Argv& write);

 private:
  Result<> advance(RunEvent event, const std::string& facts = "{}");
  Result<> until_ready();
  Result<> clone_until_ready();
  Result<RunEnd> from_ready();
  Result<RunEnd> after_cutover();
  Result<RunEnd> until_confirmed();
  Result<Ending> next_ending();
  Result<RunEnd> back_as_asked(Ending ending);
  Result<> return_to_ready();
  Result<bool> clones_usable();
  Result<RunEnd> resume_confirming();
  Result<RunEnd> go_on_rolling_back();
  Result<Millis> rehearse_stall();
  Result<RunEnd> rehearsed();
  Result<> cut_over();
  Result<> settle_in();
  Result<RunEnd> abort_because(Error cause);
  Result<> check_entry();
  Result<> settle_switch();
  Result<> check_through_entry();
  Result<> check_can_roll_back();
  Result<> refuse_finishing();
  Result<bool> is_switched_back();
  Result<bool> is_settled();
  Result<RunEnd> clean_up_rollback();
  Result<std::string> switch_back(const char* how);
  Result<RunEnd> back_to_original(const char* how);
  Result<> record_left_behind();
  Result<> sign();

  RunContext& run_;
  RunState state_;
  StallForecast forecast_;
  double stall_ms_ = 0;
  bool stuck_ = false;  ///< a way back ended so that neither side serves, or none is known to
};

}  // namespace moult
