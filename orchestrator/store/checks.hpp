#pragma once

#include <optional>
#include <string>

#include "orchestrator/store/audit_log.hpp"
#include "orchestrator/store/records.hpp"

namespace moult {

/// What every kind of store checks and completes before it writes; each returns the row to write.
/// Errors: invalid, except where something else is said.

[[nodiscard]] Result<RunRecord> checked(RunRecord run, const Stamp& stamp);
[[nodiscard]] Result<Intent> checked(Intent intent);
[[nodiscard]] Result<AuditEntry> checked(AuditEntry entry);
[[nodiscard]] Result<> check_time(const std::string& utc);
/// Printable UTF-8 of at most 255 bytes, not empty.
[[nodiscard]] Result<> check_name(const char* what, const std::string& name);

/// Refused when an outcome may not follow the one before.
[[nodiscard]] Result<> check_outcome(std::int64_t sequence, std::optional<StepOutcome> before, StepOutcome after);

/// Refused when the run is not in the state from which it is to go.
[[nodiscard]] Result<> check_state(const StateChange& change, const std::string& found);

/// The audit rows that go with writes to the journal. Their event names are persisted and never change.
[[nodiscard]] AuditEntry created_entry(const RunRecord& run, const Stamp& stamp);
[[nodiscard]] Result<AuditEntry> state_entry(const StateChange& change);

[[nodiscard]] Unexpected no_such_run(const std::string& run);
[[nodiscard]] Unexpected no_such_step(std::int64_t sequence);
[[nodiscard]] Unexpected run_exists(const std::string& run);
[[nodiscard]] Unexpected nothing_to_sign();

}  // namespace moult
