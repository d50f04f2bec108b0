#pragma once

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/plan.hpp"

namespace moult {

/// Looks at the world, checks payload and entry, and plans. Blockers are in the plan, not errors.
[[nodiscard]] Result<Plan> plan_now(Platform& platform, const DescriptorPair& pair);
/// All of them as one Error with the first one's code; nothing when there are none.
[[nodiscard]] Result<> refuse_all(const std::vector<Error>& problems);
/// All blockers as one Error with the first one's code; nothing when there are none.
[[nodiscard]] Result<> refuse_blocked(const Plan& plan);

}  // namespace moult
