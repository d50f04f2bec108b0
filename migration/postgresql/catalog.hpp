#pragma once

#include <string>
#include <vector>

#include "migration/postgresql/definitions.hpp"
#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// A query of one row: the digest of everything that replication does not carry: definitions, privileges, roles.
[[nodiscard]] std::string catalog_digest();
/// The same things one a row, kind with name and digest.
[[nodiscard]] std::string catalog_lines();

/// The databases of the descriptor, or every one that holds tables or sequences. Errors: not_found, with the name.
[[nodiscard]] Result<std::vector<std::string>> databases_of(const Psql& psql, const PostgresqlData& data);
/// Every database that takes connections, and whether one holds tables or sequences of the vendor's.
[[nodiscard]] Result<std::vector<std::string>> databases_in(const Psql& psql);
[[nodiscard]] Result<bool> holds_data(const Psql& psql, const std::string& database);

/// Changes of columns that the receiving side does not have cannot be applied there. Error: refused, with their names.
[[nodiscard]] Result<> refuse_other_columns(const Psql& source, const Psql& target, const std::string& database);

}  // namespace moult::postgresql
