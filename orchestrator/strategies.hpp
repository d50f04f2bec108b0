#pragma once

#include <memory>
#include <string>

#include "descriptors/maintenance.hpp"
#include "drivers/platform.hpp"
#include "migration/data_strategy.hpp"
#include "migration/files_strategy.hpp"
#include "migration/handover_strategy.hpp"
#include "migration/hook_side.hpp"
#include "orchestrator/plan.hpp"

namespace moult {

/// One planned data set and both its sides.
struct DataPlace {
  const PlannedData& planned;
  const DataSpec& spec;
  SessionOf original, clone;
  std::string spool;  ///< a directory of the run's own on this host
  std::string run;    ///< its id
  MachineRef original_machine{}, clone_machine{};
  Platform* platform = nullptr;  ///< outlives what is made
};

struct TwoWays {
  std::unique_ptr<DataStrategy> forward;  ///< original -> clone
  std::unique_ptr<DataStrategy> back;     ///< clone -> original
};

/// The vendor's commands of a set of kind `hooks`, and what they are told.
[[nodiscard]] HookSet hook_set(const DataPlace& place, bool back);

/// The strategy of the set's kind, in both directions. Touches nothing yet; the clock outlives what is returned.
[[nodiscard]] TwoWays make_strategies(const DataPlace& place, Clock& clock);

}  // namespace moult
