#pragma once

#include <vector>

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// Why the cluster, or one of the set's databases, cannot be carried as it is; each names the thing and the remedy. One
/// that passes by itself, because it is clients' sessions, has the disposition retry.
[[nodiscard]] Result<std::vector<Error>> problems_of(const Psql& psql, const PostgresqlData& data);
/// The same, after a short peak of clients' sessions was waited out.
[[nodiscard]] Result<std::vector<Error>> problems_beyond_a_peak(const Psql& psql, const PostgresqlData& data);
/// Without those that pass by themselves.
[[nodiscard]] std::vector<Error> lasting(std::vector<Error> problems);

}  // namespace moult::postgresql
