#pragma once

#include <string>
#include <vector>

namespace moult {

/// A PostgreSQL cluster of a guest, carried by its own logical replication.
struct PostgresqlData {
  int port = 5432;
  std::string user = "postgres";         ///< the cluster's superuser, and the guest's user that it knows as such
  std::vector<std::string> databases;    ///< empty: every one that holds tables
  std::vector<std::string> insert_only;  ///< schema.table without identity, to which rows are only ever added
  bool one_way = false;                  ///< there is no way back
};

}  // namespace moult
