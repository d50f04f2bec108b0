#pragma once

#include <string>
#include <vector>

#include "migration/postgresql/names.hpp"
#include "migration/postgresql/psql.hpp"

namespace moult::postgresql {

/// Takes away a direction's slot and publications in a database, which receivers of it are thrown out of. Idempotent,
/// as are those below.
[[nodiscard]] Result<> drop_published(const Psql& psql, const std::string& database, const Names& names);
/// Takes away a direction's subscription in a database, without asking the other side.
[[nodiscard]] Result<> drop_subscription(const Psql& psql, const std::string& database, const Names& names);
/// Takes away all that a run made in the cluster, in either direction.
[[nodiscard]] Result<> leave_no_trace(const Psql& psql, const std::vector<std::string>& databases);

}  // namespace moult::postgresql
