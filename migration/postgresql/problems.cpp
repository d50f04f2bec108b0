#include "migration/postgresql/problems.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <thread>

#include "migration/postgresql/catalog.hpp"
#include "migration/postgresql/names.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kAsk{60'000};
constexpr Millis kPatience{20'000};
constexpr Millis kAgain{500};

/// In the order of their kinds: what a person has to do about it.
struct Question {
  const char* query;  ///< names of what stands in the way; {} is the vendor's own
  const char* what;
  const char* remedy;
};

/// The first: once a table is published, PostgreSQL refuses each change of a row to clients where it finds no identity;
/// it passes over an index that is invalid or checked only at the end of a transaction, also the primary key's.
constexpr Question kQuestions[] = {
    {"SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
     "c.relkind = 'r' AND c.relpersistence = 'p' AND {own} AND c.relreplident <> 'f' AND NOT EXISTS (SELECT FROM "
     "pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND CASE c.relreplident WHEN 'd' THEN "
     "i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END) AND NOT format('%s.%s', n.nspname, c.relname) = "
     "ANY ({inserts}) ORDER BY 1",
     "tables without a primary key or replica identity that PostgreSQL takes:",
     "Give each a primary key that is not DEFERRABLE, or `ALTER TABLE ... REPLICA IDENTITY` FULL or by an index that "
     "is "
     "there, valid and not DEFERRABLE, or name it under `insert_only` where rows are only ever added."},
    {"SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
     "c.relkind = 'r' AND c.relpersistence = 'u' AND {own} ORDER BY 1",
     "unlogged tables", "Drop them, or `ALTER TABLE ... SET LOGGED`."},
    {"SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
     "c.relkind = 'm' AND {own} ORDER BY 1",
     "materialized views", "Drop them, and let the vendor's `activate` hook make them anew."},
    {"SELECT l.oid::text FROM pg_largeobject_metadata l ORDER BY l.oid LIMIT 20", "large objects",
     "Logical replication leaves them out: move them to bytea columns or files."},
    {"SELECT format('%s on %s', t.tgname, t.tgrelid::regclass) FROM pg_trigger t WHERE t.tgenabled IN ('A', 'R') AND "
     "NOT "
     "t.tgisinternal ORDER BY 1",
     "triggers that fire on replicated rows too",
     "`ALTER TABLE ... ENABLE TRIGGER` makes them fire on clients' rows alone."},
    {"SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = "
     "current_database() AND s.subname !~ '^moult_' ORDER BY 1",
     "subscriptions of its own", "A cluster that is itself a subscriber is not supported yet."},
    {"SELECT x.wanted FROM unnest({inserts}) AS x(wanted) WHERE NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n "
     "ON "
     "n.oid = c.relnamespace WHERE format('%s.%s', n.nspname, c.relname) = x.wanted AND c.relkind = 'r') AND {single}",
     "`insert_only` names no such tables:", "Correct the maintenance descriptor."},
};

Error problem(std::string message, std::string remedy) {
  return {Code::refused, std::move(message), std::move(remedy), {}, Disposition::fail};
}

std::size_t number_of(const Row& row, std::size_t at) {
  return at < row.size() ? std::strtoul(row[at].c_str(), nullptr, 10) : 0;
}

Result<> ask_database(const Psql& psql, const PostgresqlData& data, const std::string& database, bool single,
                      std::vector<Error>& problems) {
  std::string all;
  for (std::size_t i = 0; i < std::size(kQuestions); ++i)
    all += fmt::format(
        "SELECT {}, q.* FROM ({}) AS q(found);\n", i,
        fmt::format(fmt::runtime(kQuestions[i].query), fmt::arg("own", kOwn),
                    fmt::arg("inserts", array_of(data.insert_only)), fmt::arg("single", single ? "true" : "false")));
  MOULT_ASSIGN(const auto rows, psql.rows(database, all, kAsk));
  std::map<std::size_t, std::vector<Row>> found;
  for (const auto& row : rows)
    if (row.size() > 1) found[number_of(row, 0)].push_back({row[1]});
  for (std::size_t i = 0; i < std::size(kQuestions); ++i)
    if (found.contains(i))
      problems.push_back(
          problem(fmt::format("database {} has {} {}", database, kQuestions[i].what, joined_rows(found[i])),
                  kQuestions[i].remedy));
  return {};
}

constexpr const char* kAtRestart = "Set it in postgresql.conf; it takes effect with a restart of PostgreSQL.";

/// Of sessions, a database has one that asks and one that is the fence, and the cluster one more and the role's trial.
/// What clients have passes; what is kept for administrators is not the run's.
void check_sessions(std::size_t limit, std::size_t kept, std::size_t clients, std::size_t databases,
                    std::vector<Error>& problems) {
  const auto needed = 2 * databases + 2;
  if (limit < kept + needed)
    problems.push_back(
        problem(fmt::format("max_connections is {}, and at least {} are needed", limit, kept + needed), kAtRestart));
  else if (limit < kept + needed + clients)
    problems.push_back(
        {Code::busy,
         fmt::format("of max_connections, which is {}, {} are kept for superusers and clients have {}; "
                     "the run needs {}",
                     limit, kept, clients, needed),
         "Try again when clients have fewer, or set it higher in postgresql.conf and restart PostgreSQL.",
         {},
         Disposition::retry});
}

/// Both directions have a slot and a sender for each database in one cluster; workers only one of them at a time.
void check_room(const Row& row, std::size_t databases, std::vector<Error>& problems) {
  struct Limit {
    const char* setting;
    std::size_t present, needed;
  };
  const Limit limits[] = {{"max_replication_slots", number_of(row, 1), number_of(row, 4) + 2 * databases},
                          {"max_wal_senders", number_of(row, 2), number_of(row, 5) + databases},
                          {"max_logical_replication_workers", number_of(row, 3), databases}};
  for (const auto& limit : limits)
    if (limit.present < limit.needed)
      problems.push_back(problem(
          fmt::format("{} is {}, and at least {} are needed", limit.setting, limit.present, limit.needed), kAtRestart));
  check_sessions(number_of(row, 12), number_of(row, 13), number_of(row, 14), databases, problems);
}

Result<> ask_cluster(const Psql& psql, std::size_t databases, std::vector<Error>& problems) {
  MOULT_ASSIGN(const auto rows,
               psql.rows("postgres",
                         "SELECT current_setting('wal_level'), current_setting('max_replication_slots'), "
                         "current_setting('max_wal_senders'), current_setting('max_logical_replication_workers'), "
                         "(SELECT count(*) FROM pg_replication_slots WHERE slot_name !~ '^moult_'), "
                         "(SELECT count(*) FROM pg_stat_replication WHERE application_name !~ '^moult_'), "
                         "pg_is_in_recovery(), current_setting('server_version_num'), (SELECT rolsuper FROM pg_roles "
                         "WHERE rolname = current_user), current_setting('listen_addresses') ~ "
                         "'[*]|localhost|127[.]0[.]0[.]1|0[.]0[.]0[.]0', (SELECT coalesce(string_agg(slot_name, ', ' "
                         "ORDER BY slot_name), '') FROM pg_replication_slots WHERE slot_name !~ '^moult_'), (SELECT "
                         "coalesce(string_agg(gid, ', ' ORDER BY gid), '') FROM pg_prepared_xacts), "
                         "current_setting('max_connections'), current_setting('superuser_reserved_connections'), "
                         "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND "
                         "application_name !~ '^moult_')",
                         kAsk));
  if (rows.size() != 1 || rows.front().size() != 15) return fail(Code::mismatch, "PostgreSQL's settings make no sense");
  const auto& row = rows.front();
  if (row[6] == "t") problems.push_back(problem("the cluster is a standby", "Carry the primary."));
  if (row[8] != "t")
    problems.push_back(problem("the user is not a superuser", "Name the cluster's superuser as `user`."));
  if (number_of(row, 7) < 130000)
    problems.push_back(problem("PostgreSQL " + row[7] + " is older than 13", "Upgrade it to 13 by other means first."));
  if (row[9] != "t")
    problems.push_back(problem("the cluster does not listen on 127.0.0.1, where the helper in its guest reaches it",
                               "Add `localhost` to listen_addresses; it takes effect with a restart of PostgreSQL."));
  if (row[0] != "logical")
    problems.push_back(
        problem("wal_level is " + row[0] + ", and logical replication needs `logical`",
                "`ALTER SYSTEM SET wal_level = 'logical'`, then restart PostgreSQL; the restart is needed."));
  check_room(row, databases, problems);
  if (!row[10].empty())
    problems.push_back(
        problem("the cluster has replication slots of its own: " + row[10],
                "Whoever reads them cannot follow to the clone: drop them, and set them up again afterwards."));
  if (!row[11].empty())
    problems.push_back(problem("prepared transactions are open: " + row[11], "Commit or roll them back."));
  return {};
}

bool passes(const Error& problem) { return problem.disposition == Disposition::retry; }

}  // namespace

Result<std::vector<Error>> problems_of(const Psql& psql, const PostgresqlData& data) {
  std::vector<Error> problems;
  MOULT_ASSIGN(const auto databases, databases_of(psql, data));
  MOULT_TRY(ask_cluster(psql, databases.size(), problems));
  for (const auto& database : databases) MOULT_TRY(ask_database(psql, data, database, databases.size() == 1, problems));
  if (data.databases.empty()) return problems;
  MOULT_ASSIGN(const auto all, databases_in(psql));
  for (const auto& other : all) {
    if (std::find(databases.begin(), databases.end(), other) != databases.end()) continue;
    MOULT_ASSIGN(const bool some, holds_data(psql, other));
    if (some)
      problems.push_back(problem("database " + other + " holds data and is not listed",
                                 "Add it to `databases` in the descriptor, or leave the key out to carry all."));
  }
  return problems;
}

Result<std::vector<Error>> problems_beyond_a_peak(const Psql& psql, const PostgresqlData& data) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    MOULT_ASSIGN(auto problems, problems_of(psql, data));
    const bool peak = !problems.empty() && std::all_of(problems.begin(), problems.end(), passes);
    if (!peak || std::chrono::steady_clock::now() >= end) return problems;
    std::this_thread::sleep_for(kAgain);
  }
}

std::vector<Error> lasting(std::vector<Error> problems) {
  std::erase_if(problems, passes);
  return problems;
}

}  // namespace moult::postgresql
