#pragma once

#include <string>

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// Statements of which each gives one row: what is compared, how many rows, their digest. Small tables whole, large
/// ones by the rows whose keys come last. Made here, of names alone: no side runs what the other says.
[[nodiscard]] Result<std::string> digest_queries(const Psql& psql, const std::string& database);

}  // namespace moult::postgresql
