#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "orchestrator/run_context.hpp"

namespace moult {

/// Which way a cutover goes: from the side that serves to the side that will. The way back is the same eleven steps
/// with the sides exchanged.
struct Direction {
  bool forward = true;

  [[nodiscard]] const char* word() const { return forward ? "cutover" : "rollback"; }
  [[nodiscard]] const MachineRef& serving(const MachinePair& pair) const {
    return forward ? pair.original : pair.clone;
  }
  [[nodiscard]] const MachineRef& next(const MachinePair& pair) const { return forward ? pair.clone : pair.original; }
  /// Where the next side's machines wait until the switch.
  [[nodiscard]] Side waiting_place() const { return forward ? Side::isolated : Side::sealed; }
  /// Where the machines that served go.
  [[nodiscard]] Side retired_place() const { return forward ? Side::sealed : Side::isolated; }
  /// How long clients may wait. Who asks for the way back wants it more than a short stall: services are started within
  /// it. Then it is ten times as long, yet no longer than an entry lets requests wait (60 s, twice this).
  [[nodiscard]] Millis budget(const RunContext& run) const {
    const auto max_stall = run.work.options.max_stall;
    return forward ? max_stall : std::max(max_stall, std::min(10 * max_stall, Millis{30000}));
  }
  /// Lease of hold and fence: twice the budget, so that a cutover inside its budget never meets it.
  [[nodiscard]] Millis lease(const RunContext& run) const { return 2 * budget(run); }
  [[nodiscard]] std::vector<std::unique_ptr<DataStrategy>>& sets(RunContext& run) const {
    return forward ? run.forward : run.back;
  }
  /// False for a set that cannot be brought into the next side's form.
  [[nodiscard]] bool carries(const RunContext& run, std::size_t set) const {
    return forward || !run.work.plan.data[set].one_way;
  }
};

}  // namespace moult
