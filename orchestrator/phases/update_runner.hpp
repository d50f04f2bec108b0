#pragma once

#include <functional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/workers.hpp"
#include "orchestrator/phases/update_queue.hpp"

namespace moult {

/// Brings one component to its target level. Called from several threads.
using Update = std::function<Result<>(const std::string& component)>;

/// Updates each component of the queue as soon as all before it are done, wherever those run. Once one has failed no
/// other is begun; its error is returned when all that were running have ended.
[[nodiscard]] Result<> run_updates(UpdateQueue queue, Workers& workers, const Update& update);

}  // namespace moult
