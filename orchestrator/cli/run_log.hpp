#pragma once

#include <memory>
#include <string>

#include "orchestrator/observer.hpp"

namespace moult {

/// A log file that gets everything that the view gets, with times in UTC: `run.log` in the run's folder, appended to by
/// each process that works on the run. A log that cannot be written is no reason to stop: the view is returned as it
/// is, with a warning.
[[nodiscard]] std::unique_ptr<Observer> with_run_log(std::unique_ptr<Observer> view, const std::string& folder);

}  // namespace moult
