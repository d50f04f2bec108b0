#pragma once

#include <vector>

#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// Why the cluster, or one of the set's databases, cannot be carried as it is; each names the thing and the remedy.
[[nodiscard]] Result<std::vector<Error>> problems_of(const Psql& psql, const PostgresqlData& data);

}  // namespace moult::postgresql
