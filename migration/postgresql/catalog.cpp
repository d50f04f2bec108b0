#include "migration/postgresql/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "migration/postgresql/names.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kAsk{60'000};

/// Kind, name and definition of all that counts. Statistics, files and what VACUUM leaves are not in it.
constexpr const char* kDefinitions = R"(
  SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'i' THEN 'index' ELSE 'table' END AS kind,
         format('%I.%I', n.nspname, c.relname) AS name,
         concat_ws('|', c.relkind, c.relpersistence, c.relreplident, c.relowner::regrole, c.relacl, c.reloptions,
           c.relrowsecurity, CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) WHEN c.relkind IN ('i', 'I')
           THEN pg_get_indexdef(c.oid) END,
           (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
              a.attidentity, a.attgenerated, a.attacl, pg_get_expr(d.adbin, d.adrelid)), ',' ORDER BY a.attnum)
            FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           (SELECT string_agg(concat_ws(' ', o.conname, pg_get_constraintdef(o.oid)), ',' ORDER BY o.conname)
            FROM pg_constraint o WHERE o.conrelid = c.oid),
           (SELECT string_agg(concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled), ',' ORDER BY t.tgname)
            FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
           (SELECT concat_ws(' ', s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, s.seqtypid::regtype)
            FROM pg_sequence s WHERE s.seqrelid = c.oid)) AS definition
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind <> 't' AND {0}
  UNION ALL SELECT 'function', p.oid::regprocedure::text, concat_ws('|', p.prosrc, p.proowner::regrole, p.proacl)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {0}
  UNION ALL SELECT 'type', format('%I.%I', n.nspname, t.typname), concat_ws('|', t.typtype,
      (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.typtype IN ('d', 'e', 'r') AND {0}
  UNION ALL SELECT 'schema', n.nspname, concat_ws('|', n.nspowner::regrole, n.nspacl) FROM pg_namespace n WHERE {0}
  UNION ALL SELECT 'extension', e.extname, e.extversion FROM pg_extension e
  UNION ALL SELECT 'role', r.rolname, concat_ws('|', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb,
      r.rolcanlogin, r.rolreplication, r.rolconnlimit, r.rolpassword, r.rolvaliduntil,
      (SELECT string_agg(m.roleid::regrole::text, ',' ORDER BY m.roleid::regrole::text) FROM pg_auth_members m
       WHERE m.member = r.oid)) FROM pg_authid r WHERE r.rolname !~ '^moult_'
  UNION ALL SELECT 'database', d.datname, concat_ws('|', d.datdba::regrole, pg_encoding_to_char(d.encoding))
    FROM pg_database d WHERE NOT d.datistemplate)";

std::string definitions() { return fmt::format(fmt::runtime(kDefinitions), kOwn); }

/// In the order of their kinds: what a person has to do about it.
struct Question {
  const char* query;  ///< names of what stands in the way; {} is the vendor's own
  const char* what;
  const char* remedy;
};

constexpr Question kQuestions[] = {
    {"SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
     "c.relkind = 'r' AND c.relpersistence = 'p' AND {own} AND (c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT "
     "EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))) AND NOT format('%s.%s', n.nspname, "
     "c.relname) = ANY ({inserts}) ORDER BY 1",
     "tables without a primary key or replica identity",
     "Give each a primary key or `ALTER TABLE ... REPLICA IDENTITY`, or name it under `insert_only` where rows are "
     "only "
     "ever added."},
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

std::string joined_rows(const std::vector<Row>& rows) {
  constexpr std::size_t kShown = 10;
  std::string out;
  for (std::size_t i = 0; i < rows.size() && i < kShown; ++i) out += (i == 0 ? "" : ", ") + rows[i].front();
  return rows.size() > kShown ? out + fmt::format(" and {} more", rows.size() - kShown) : out;
}

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
      problems.push_back(
          problem(fmt::format("{} is {}, and at least {} are needed", limit.setting, limit.present, limit.needed),
                  "Set it in postgresql.conf; it takes effect with a restart of PostgreSQL."));
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
                         "coalesce(string_agg(gid, ', ' ORDER BY gid), '') FROM pg_prepared_xacts)",
                         kAsk));
  if (rows.size() != 1 || rows.front().size() != 12) return fail(Code::mismatch, "PostgreSQL's settings make no sense");
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

constexpr const char* kAllDatabases =
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1";

Result<bool> holds_data(const Psql& psql, const std::string& database) {
  return psql.holds(database,
                    fmt::format("SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                                "WHERE c.relkind IN ('r', 'S', 'm') AND {})",
                                kOwn),
                    kAsk);
}

}  // namespace

const char* const kOwn = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'moult_native')";

std::string catalog_digest() {
  return "SELECT md5(coalesce(string_agg(md5(concat_ws('|', x.kind, x.name, x.definition)), '' ORDER BY "
         "x.kind COLLATE \"C\", x.name COLLATE \"C\"), '')) FROM (" +
         definitions() + ") x";
}

std::string catalog_lines() {
  return "SELECT concat(x.kind, ' ', x.name), md5(coalesce(x.definition, '')) FROM (" + definitions() +
         ") x ORDER BY 1";
}

Result<std::vector<std::string>> databases_of(const Psql& psql, const PostgresqlData& data) {
  MOULT_ASSIGN(const auto rows, psql.rows("postgres", kAllDatabases, kAsk));
  std::vector<std::string> present, chosen;
  for (const auto& row : rows) present.push_back(row.front());
  for (const auto& wanted : data.databases)
    if (std::find(present.begin(), present.end(), wanted) == present.end())
      return fail(Code::not_found, "the cluster has no database " + wanted, "Correct `databases` in the descriptor.");
  if (!data.databases.empty()) return data.databases;
  for (const auto& database : present) {
    MOULT_ASSIGN(const bool some, holds_data(psql, database));
    if (some) chosen.push_back(database);
  }
  if (chosen.empty())
    return fail(Code::not_found, "no database of the cluster holds a table", "Correct `port` in the descriptor.");
  return chosen;
}

Result<std::vector<Error>> problems_of(const Psql& psql, const PostgresqlData& data) {
  std::vector<Error> problems;
  MOULT_ASSIGN(const auto databases, databases_of(psql, data));
  MOULT_TRY(ask_cluster(psql, databases.size(), problems));
  for (const auto& database : databases) MOULT_TRY(ask_database(psql, data, database, databases.size() == 1, problems));
  MOULT_ASSIGN(const auto all, psql.rows("postgres", kAllDatabases, kAsk));
  for (const auto& row : all) {
    if (std::find(databases.begin(), databases.end(), row.front()) != databases.end()) continue;
    MOULT_ASSIGN(const bool some, holds_data(psql, row.front()));
    if (some)
      problems.push_back(problem("database " + row.front() + " holds data and is not listed",
                                 "Add it to `databases` in the descriptor, or leave the key out to carry all."));
  }
  return problems;
}

Result<> refuse_other_columns(const Psql& source, const Psql& target, const std::string& database) {
  const auto question = fmt::format(
      "SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname) FROM pg_class c JOIN pg_namespace n ON n.oid = "
      "c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND "
      "a.attgenerated = '' WHERE c.relkind = 'r' AND {} ORDER BY 1",
      kOwn);
  MOULT_ASSIGN(const auto sent, source.rows(database, question, kAsk));
  MOULT_ASSIGN(const auto known, target.rows(database, question, kAsk));
  const std::set<Row> there(known.begin(), known.end());
  std::vector<Row> lacking;
  for (const auto& column : sent)
    if (!there.contains(column)) lacking.push_back(column);
  if (lacking.empty()) return {};
  return fail(Code::refused,
              "database " + database +
                  " has columns that the side which is to receive its changes lacks: " + joined_rows(lacking),
              "An update that changes tables has no way back by replication: say `reverse: none` in the maintenance "
              "descriptor.");
}

Result<std::string> digest_queries(const Psql& psql, const std::string& database) {
  constexpr std::string_view kColumns =
      "SELECT 't', n.nspname, c.relname, a.attname, coalesce(array_position(i.indkey::int2[], a.attnum), -1), "
      "pg_table_size(c.oid) > 64 * 1024 * 1024 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN "
      "pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' LEFT JOIN "
      "pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE c.relkind = 'r' AND {0} ORDER BY n.nspname, "
      "c.relname, "
      "a.attnum;\nSELECT 's', n.nspname, c.relname, '', -1, false FROM pg_class c JOIN pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.relkind = 'S' AND {0} ORDER BY 1, 2";
  MOULT_ASSIGN(const auto rows, psql.rows(database, fmt::format(kColumns, kOwn), kAsk));
  std::string out;
  for (std::size_t i = 0; i < rows.size();) {
    const auto& first = rows[i];
    if (first.size() != 6)
      return fail(Code::invalid, "database " + database + " has names with tabs or newlines in them");
    const auto relation = name(first[1]) + "." + name(first[2]);
    std::string columns;
    std::vector<std::string> key;
    auto next = i;
    for (; next < rows.size() && rows[next].size() == 6 && rows[next][1] == first[1] && rows[next][2] == first[2];
         ++next) {
      columns += (columns.empty() ? "" : ", ") + name(rows[next][3]);
      if (rows[next][4] != "-1") key.push_back(name(rows[next][3]) + " DESC");
    }
    i = next;
    if (first[0] == "s") {
      out += fmt::format("SELECT {}, last_value, is_called::int FROM {};\n", text("sequence " + relation), relation);
      continue;
    }
    std::string order;
    for (const auto& part : key) order += (order.empty() ? "" : ", ") + part;
    const bool part = first[5] == "t" && !order.empty();
    out += fmt::format(
        "SELECT {}, count(*), coalesce(sum(hashtextextended((ROW({}))::text COLLATE \"C\", 0)::numeric), 0) "
        "FROM {};\n",
        text(relation), columns,
        part ? fmt::format("(SELECT * FROM ONLY {} ORDER BY {} LIMIT 1000) x", relation, order) : "ONLY " + relation);
  }
  return out;
}

}  // namespace moult::postgresql
