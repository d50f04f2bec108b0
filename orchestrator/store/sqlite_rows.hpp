#pragma once

#include "orchestrator/store/records.hpp"
#include "orchestrator/store/sqlite_query.hpp"

namespace moult {

/// The columns that the two functions below read, in their order.
#define MOULT_RUN_COLUMNS "id, appliance, release, state, operator, created_utc, updated_utc"
#define MOULT_STEP_COLUMNS "seq, run, step, subject, facts, intended_utc, outcome, outcome_facts, concluded_utc"

[[nodiscard]] RunSummary run_at(const Query& query);
/// An outcome that this version does not know is `unknown`: the world is asked then.
[[nodiscard]] StepRecord step_at(const Query& query);

}  // namespace moult
