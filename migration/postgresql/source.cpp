#include "migration/postgresql/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "migration/postgresql/catalog.hpp"
#include "migration/postgresql/problems.hpp"
#include "migration/postgresql/traces.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kShort{20'000}, kLong{120'000};

/// How often the rows of a table that only grows were changed or deleted.
constexpr const char* kChangedRows =
    "SELECT coalesce(sum(n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE format('%s.%s', schemaname, "
    "relname) "
    "= ANY ({})";

/// One row for each of the vendor's sequences.
std::string asking_for_sequences() {
  return fmt::format(
      "SELECT format('SELECT %L, last_value, is_called FROM %I.%I', format('%I.%I', n.nspname, c.relname), n.nspname, "
      "c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND {} ORDER BY "
      "c.oid \\gexec\n",
      kOwn);
}

}  // namespace

std::string start_key(const Names& names) { return names.way + ".from"; }

std::string put_state(const std::string& key, const std::string& value_expression) {
  return fmt::format(
      "INSERT INTO {0}.state (key, value) VALUES ({1}, {2}) ON CONFLICT (key) DO UPDATE SET value = excluded.value;\n",
      kSchema, text(key), value_expression);
}

std::string get_state(const std::string& key) {
  return fmt::format("SELECT coalesce((SELECT value FROM {}.state WHERE key = {}), '')", kSchema, text(key));
}

/// Both publications: of tables whole, and of those that only grow.
std::string Source::publishing() const {
  const auto list = [&](bool inserts) {
    return fmt::format(
        "(SELECT string_agg(format('ONLY %I.%I', n.nspname, c.relname), ', ' ORDER BY c.oid) FROM pg_class c JOIN "
        "pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND {} AND "
        "(format('%s.%s', n.nspname, c.relname) = ANY ({})) = {})",
        kOwn, array_of(data_.insert_only), inserts);
  };
  return fmt::format(R"(
DO $make$ DECLARE whole text := {2}; grows text := {3}; BEGIN
  EXECUTE 'CREATE PUBLICATION {0} FOR TABLE ONLY {1}.marker' || coalesce(', ' || whole, '');
  IF {4} THEN
    EXECUTE 'CREATE PUBLICATION {0}_inserts' || coalesce(' FOR TABLE ' || grows, '') ||
      ' WITH (publish = ''insert, truncate'')';
  END IF;
END $make$;
)",
                     names_.way, kSchema, list(false), list(true), !data_.insert_only.empty());
}

/// What is watched from here on: definitions, and tables that may only grow.
std::string Source::remembering() const {
  return put_state(names_.way + ".catalog", "(" + catalog_digest() + ")") +
         put_state(names_.way + ".lines",
                   "(SELECT coalesce(string_agg(concat(l.name, chr(9), l.digest), chr(10)), '') FROM (" +
                       catalog_lines() + ") AS l(name, digest))") +
         put_state(names_.way + ".changed_rows",
                   "(" + fmt::format(fmt::runtime(kChangedRows), array_of(data_.insert_only)) + ")::text");
}

/// Remembers before it publishes: a table that is made between the two is seen to be new.
Result<> Source::start_in(const std::string& database) const {
  auto made = psql_.run(database,
                        fmt::format(R"(
BEGIN;
CREATE SCHEMA IF NOT EXISTS {0};
REVOKE ALL ON SCHEMA {0} FROM PUBLIC;
CREATE TABLE IF NOT EXISTS {0}.marker (key text PRIMARY KEY, value bigint NOT NULL);
CREATE TABLE IF NOT EXISTS {0}.state (key text PRIMARY KEY, value text NOT NULL);
DELETE FROM {0}.state WHERE key LIKE {1};
DELETE FROM {0}.marker WHERE key = {2};
INSERT INTO {0}.marker VALUES ({2}, 0);
)",
                                    kSchema, text(names_.way + ".%"), text(names_.way)) +
                            remembering() + publishing() +
                            fmt::format("COMMIT;\nSELECT pg_create_logical_replication_slot({}, 'pgoutput');\n",
                                        text(names_.slot(database))),
                        kLong);
  if (!made)
    made.error().remedy = "A slot waits for the transactions that run when it is made: end those that stay open.";
  return made;
}

Result<> Source::start(const std::vector<std::string>& databases) const {
  // The way back begins while clients wait, and with sessions that the run has.
  MOULT_ASSIGN(auto problems, forward_ ? problems_beyond_a_peak(psql_, data_) : problems_of(psql_, data_).map(lasting));
  if (!problems.empty()) return Unexpected(std::move(problems.front()));
  // The other direction's subscription and state stay where a way back is begun.
  if (forward_) MOULT_TRY(leave_no_trace(psql_, databases));
  for (const auto& database : databases) MOULT_TRY(drop_published(psql_, database, names_));
  MOULT_TRY(psql_.run("postgres",
                      fmt::format("DROP ROLE IF EXISTS {0};\nCREATE ROLE {0} LOGIN REPLICATION NOINHERIT", names_.way),
                      kShort));
  MOULT_TRY(renew_password(databases));
  for (const auto& database : databases) MOULT_TRY(start_in(database));
  for (const auto& database : databases)
    MOULT_TRY(psql_.run(database, put_state(names_.way + "." + kCapturedAt, "pg_current_wal_lsn()::text"), kShort));
  return {};
}

Result<> Source::check(const std::vector<std::string>& databases) const {
  MOULT_ASSIGN(const auto rows, psql_.rows("postgres",
                                           "SELECT slot_name FROM pg_replication_slots WHERE slot_type = 'logical' AND "
                                           "restart_lsn IS NOT NULL",
                                           kShort));
  for (const auto& database : databases) {
    const auto slot = names_.slot(database);
    if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) { return row.front() == slot; }))
      return fail(Code::not_found, "the replication slot of database " + database + " is gone or has lost its log",
                  "The clone must be made anew; see max_slot_wal_keep_size.");
  }
  return {};
}

Result<std::string> Source::renew_password(const std::vector<std::string>& databases) const {
  const auto password = random_word();
  // Kept in the form that both methods of pg_hba.conf take: md5 is what PostgreSQL 13 makes of it when left to itself.
  MOULT_TRY(psql_.run(
      "postgres",
      fmt::format("SET password_encryption = 'scram-sha-256';\nALTER ROLE {} PASSWORD {}", names_.way, text(password)),
      kShort));
  MOULT_TRY(psql_.try_role(databases.front(), names_.way, password));
  return password;
}

/// Error: what differs from the time of the capture, by name.
Result<> Source::name_changes(const std::string& database) const {
  MOULT_ASSIGN(const auto before, psql_.rows(database, get_state(names_.way + ".lines"), kShort));
  MOULT_ASSIGN(const auto now, psql_.rows(database, catalog_lines(), kShort));
  std::map<std::string, std::string> known;
  for (const auto& row : before)
    if (row.size() == 2) known[row[0]] = row[1];
  std::string names;
  const auto say = [&names](const std::string& what) {
    if (names.size() < 500) names += (names.empty() ? "" : ", ") + what;
  };
  for (const auto& row : now) {
    if (row.size() != 2) continue;
    const auto found = known.find(row[0]);
    if (found == known.end()) say(row[0] + " is new");
    if (found != known.end() && found->second != row[1]) say(row[0] + " was altered");
    if (found != known.end()) known.erase(found);
  }
  for (const auto& [gone, digest] : known) say(gone + " was dropped");
  return fail(Code::conflict,
              "database " + database + " was changed in a way that replication does not carry: " + names,
              "Start again: the next clone has the change. Until then leave definitions, roles and privileges alone.");
}

Result<Source::Mark> Source::mark(const std::string& database, bool last) const {
  const auto same = fmt::format(
      "SELECT ({}) = ({}), ({}) = ({})::numeric", catalog_digest(), get_state(names_.way + ".catalog"),
      fmt::format(fmt::runtime(kChangedRows), array_of(data_.insert_only)), get_state(names_.way + ".changed_rows"));
  const auto marker =
      fmt::format("UPDATE {}.marker SET value = value + 1 WHERE key = {} RETURNING value, pg_current_wal_insert_lsn()",
                  kSchema, text(names_.way));
  MOULT_ASSIGN(const auto rows,
               psql_.rows(database, same + ";\n" + marker + ";\n" + (last ? asking_for_sequences() : ""), kShort));
  if (rows.size() < 2 || rows[0].size() != 2 || rows[1].size() != 2)
    return fail(Code::mismatch, "database " + database + " has lost the run's marker", "Start again.");
  if (rows[0][0] != "t") MOULT_TRY(name_changes(database));
  if (rows[0][1] != "t")
    return fail(Code::conflict,
                "rows of a table under `insert_only` were changed or deleted in database " + database +
                    ", which replication does not carry without an identity",
                "Give the table a primary key or `REPLICA IDENTITY FULL`, take it off `insert_only`, and start again.");
  if (rows[1][0].empty() || rows[1][0].find_first_not_of("0123456789") != std::string::npos)
    return fail(Code::invalid, "database " + database + " answers nonsense for the run's marker");
  MOULT_ASSIGN(const auto lsn, lsn_of(rows[1][1]));
  return Mark{rows[1][0], lsn, {rows.begin() + 2, rows.end()}};
}

Result<std::uint64_t> Source::behind() const {
  MOULT_ASSIGN(
      const auto most,
      psql_.value("postgres",
                  fmt::format("SELECT coalesce(max(pg_current_wal_lsn() - confirmed_flush_lsn), 0)::bigint FROM "
                              "pg_replication_slots WHERE slot_name LIKE {}",
                              text(names_.way + "\\_%")),
                  kShort));
  return std::strtoull(most.c_str(), nullptr, 10);
}

}  // namespace moult::postgresql
