#include "migration/postgresql/traces.hpp"

#include <fmt/format.h>

namespace moult::postgresql {
namespace {

constexpr Millis kShort{20'000};

std::string dropping_published(const std::string& database, const Names& names) {
  return fmt::format(R"(
DO $drop$ BEGIN
  FOR i IN 1..200 LOOP
    PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = {0} AND active;
    BEGIN
      PERFORM pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = {0};
      EXIT;
    EXCEPTION WHEN object_in_use THEN PERFORM pg_sleep(0.05);
    END;
  END LOOP;
END $drop$;
DROP PUBLICATION IF EXISTS {1};
DROP PUBLICATION IF EXISTS {2};
)",
                     text(names.slot(database)), names.way, names.inserts());
}

/// Without its slot it goes without asking the other side.
std::string dropping_subscription(const Names& names) {
  return fmt::format(R"(
SELECT format('ALTER SUBSCRIPTION %I DISABLE', s.subname), format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)',
  s.subname), format('DROP SUBSCRIPTION %I', s.subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
  WHERE d.datname = current_database() AND s.subname = {} \gexec
)",
                     text(names.way));
}

}  // namespace

Result<> drop_published(const Psql& psql, const std::string& database, const Names& names) {
  return psql.run(database, dropping_published(database, names), kShort);
}

Result<> drop_subscription(const Psql& psql, const std::string& database, const Names& names) {
  return psql.run(database, dropping_subscription(names), kShort);
}

Result<> leave_no_trace(const Psql& psql, const std::vector<std::string>& databases) {
  for (const auto& database : databases) {
    std::string statements;
    for (const bool forward : {true, false})
      statements += dropping_subscription(Names(forward)) + dropping_published(database, Names(forward));
    MOULT_TRY(psql.run(database, statements + fmt::format("DROP SCHEMA IF EXISTS {} CASCADE;\n", kSchema), kShort));
  }
  return psql.run("postgres", fmt::format("DROP ROLE IF EXISTS {}, {}", Names(true).way, Names(false).way), kShort);
}

}  // namespace moult::postgresql
