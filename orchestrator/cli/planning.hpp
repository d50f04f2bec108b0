#pragma once

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/plan.hpp"
#include "orchestrator/run_options.hpp"

namespace moult {

/// Looks at the world, checks payload and entry, and plans. Blockers are in the plan, not errors.
[[nodiscard]] Result<Plan> plan_now(Platform& platform, const DescriptorPair& pair);
/// All of them as one Error with the first one's code; nothing when there are none.
[[nodiscard]] Result<> refuse_all(const std::vector<Error>& problems);
/// Refused where a rollback would lose writes and nobody accepted that, or a timer would do it. A way back that loses
/// writes is a person's decision, taken before a clone is made. Nothing where the plan will not be run anyway.
[[nodiscard]] Result<> refuse_one_way(const Plan& plan, const RunOptions& options);
/// All blockers as one Error with the first one's code; nothing when there are none.
[[nodiscard]] Result<> refuse_blocked(const Plan& plan);

}  // namespace moult
