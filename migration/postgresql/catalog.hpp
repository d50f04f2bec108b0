#pragma once

#include <string>
#include <vector>

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// The condition on pg_class c and pg_namespace n that makes a relation the vendor's own.
extern const char* const kOwn;
/// A query of one row: the digest of everything that replication does not carry: definitions, privileges, roles.
[[nodiscard]] std::string catalog_digest();
/// The same things one a row, kind with name and digest.
[[nodiscard]] std::string catalog_lines();

/// The databases of the descriptor, or every one that holds tables or sequences. Errors: not_found, with the name.
[[nodiscard]] Result<std::vector<std::string>> databases_of(const Psql& psql, const PostgresqlData& data);
/// Why the cluster, or one of those databases, cannot be carried as it is; each names the thing and the remedy.
[[nodiscard]] Result<std::vector<Error>> problems_of(const Psql& psql, const PostgresqlData& data);

/// Changes of columns that the receiving side does not have cannot be applied there. Error: refused, with their names.
[[nodiscard]] Result<> refuse_other_columns(const Psql& source, const Psql& target, const std::string& database);

/// Statements of which each gives one row: what is compared, how many rows, their digest. Small tables whole, large
/// ones by the rows whose keys come last. Made here, of names alone: no side runs what the other says.
[[nodiscard]] Result<std::string> digest_queries(const Psql& psql, const std::string& database);

}  // namespace moult::postgresql
