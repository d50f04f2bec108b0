#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "descriptors/base/result.hpp"

namespace moult {

/// When something was recorded, and on whose behalf. `utc` is RFC 3339 ending in "Z" (see utc_text()).
struct Stamp {
  std::string utc;
  std::string actor;  ///< "root", "timer", "resume by alice": who, not which program
};

/// What lists of runs show.
struct RunSummary {
  std::string id;
  std::string appliance;
  std::string release;
  std::string state;  ///< the orchestrator's persisted name; opaque to the store
  std::string operator_name;
  std::string created_utc;
  std::string updated_utc;  ///< of the last change of state
};

/// A run as it was approved. Plan and options are kept to the byte: the plan's digest must stay what was approved.
struct RunRecord : RunSummary {
  std::string plan_json;
  std::string options_json;
};

/// A change of state, taken only when the run is still in `from`.
struct StateChange {
  std::string run;
  std::string from;
  std::string to;
  std::string facts = "{}";  ///< a JSON object for the audit row that goes with it
  Stamp stamp{};
};

/// How a step ended. The names are persisted and never change.
enum class StepOutcome { done, failed, undone, unknown };

[[nodiscard]] std::string_view name_of(StepOutcome outcome);
[[nodiscard]] Result<StepOutcome> step_outcome_of(std::string_view name);

/// What is about to be done, recorded before it is done.
struct Intent {
  std::string run;
  std::string step;          ///< persisted name of the step, opaque to the store
  std::string subject;       ///< "machine app", "component notes-api"; may be empty
  std::string facts = "{}";  ///< a JSON object: what undo() or probe() will need
  std::string utc{};
};

/// One step of a run: its intent and, once known, its outcome.
struct StepRecord {
  std::int64_t sequence = 0;  ///< grows over all runs of a store, is never used twice
  std::string run;
  std::string step;
  std::string subject;
  std::string facts;  ///< of the intent, canonical
  std::string intended_utc;
  std::optional<StepOutcome> outcome;  ///< empty: nothing is known but the intent, so ask the world
  std::string outcome_facts;           ///< canonical; empty while there is no outcome
  std::string concluded_utc;
};

}  // namespace moult
