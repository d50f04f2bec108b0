#include "orchestrator/store/sqlite_rows.hpp"

namespace moult {

RunSummary run_at(const Query& query) {
  return {query.text(0), query.text(1), query.text(2), query.text(3), query.text(4), query.text(5), query.text(6)};
}

StepRecord step_at(const Query& query) {
  StepRecord step{query.number(0), query.text(1), query.text(2), query.text(3), query.text(4), query.text(5), {},
                  query.text(7),   query.text(8)};
  if (!query.null(6)) step.outcome = step_outcome_of(query.text(6)).value_or(StepOutcome::unknown);
  return step;
}

}  // namespace moult
