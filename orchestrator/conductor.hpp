#pragma once

#include <optional>
#include <string>

#include "orchestrator/phases/phases.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// How a run stands when the conductor lets go of it.
struct RunEnd {
  RunState state = RunState::planned;
  double stall_ms = 0;               ///< measured here from hold to release; 0 without a cutover
  std::optional<Millis> forecast{};  ///< what a rehearsal found
};

/// Takes a run through its states. One conductor a run at a time: the caller holds the appliance's lock.
class Conductor {
 public:
  Conductor(RunContext& run, RunState state) : run_(run), state_(state) {}

  /// From planned to confirming (or finished, with RunOptions::finish). On failure or interrupt before the commit the
  /// run is undone and `aborted`, and the cause is returned. A failing check after the switch rolls back.
  Result<RunEnd> go();
  /// Undoes a run before its commit. Refused after it, with what to do instead.
  Result<RunEnd> abort();
  /// Back to the original, with every write that the clone acknowledged. Refused where a data set has no way back.
  Result<RunEnd> roll_back();
  /// The same, without what was written to such sets since the cutover: the audit log says how much that was.
  Result<RunEnd> roll_back_one_way();
  /// Gives the way back up.
  Result<RunEnd> finish();

 private:
  Result<> advance(RunEvent event, const std::string& facts = "{}");
  Result<> until_ready();
  Result<Millis> rehearse_stall();
  Result<RunEnd> rehearsed();
  Result<> cut_over();
  Result<> after_switch(class Cutover& cutover);
  Result<RunEnd> abort_because(Error cause);
  Result<> check_entry();
  Result<bool> may_have_switched();
  Result<> settle_switch();
  Result<> check_can_roll_back();
  Result<bool> is_switched_back();
  Result<RunEnd> clean_up_rollback();
  Result<RunEnd> back_to_original();
  Result<> record_left_behind();
  Result<> sign();

  RunContext& run_;
  RunState state_;
  StallForecast forecast_;
  double stall_ms_ = 0;
};

}  // namespace moult
