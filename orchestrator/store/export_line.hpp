#pragma once

#include <nlohmann/json_fwd.hpp>

#include "orchestrator/store/audit_log.hpp"

namespace moult {

/// Named in the header of an export.
constexpr const char* kExportFormat = "moult-audit/v1";

/// A row as a line of an export: whole ("row"), or its place only ("link").
[[nodiscard]] nlohmann::json line_of(const AuditRow& row, bool whole);

/// Back again; throws nlohmann's exception where something is missing.
[[nodiscard]] AuditRow row_of(const nlohmann::json& line);

}  // namespace moult
