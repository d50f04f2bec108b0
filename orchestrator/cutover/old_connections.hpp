#pragma once

#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// Behind a switch. What the side that left had begun to answer is answered by nobody: its clients would wait for it as
/// long as they have patience, since nothing that they could send is outstanding. They hear of it from the side that
/// serves. A failure is a warning.
void end_old_connections(RunContext& run, const Direction& way);

}  // namespace moult
