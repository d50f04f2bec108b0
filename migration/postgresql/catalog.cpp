#include "migration/postgresql/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
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

constexpr const char* kAllDatabases =
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1";

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

Result<std::vector<std::string>> databases_in(const Psql& psql) {
  MOULT_ASSIGN(const auto rows, psql.rows("postgres", kAllDatabases, kAsk));
  std::vector<std::string> names;
  for (const auto& row : rows) names.push_back(row.front());
  return names;
}

Result<bool> holds_data(const Psql& psql, const std::string& database) {
  return psql.holds(database,
                    fmt::format("SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                                "WHERE c.relkind IN ('r', 'S', 'm') AND {})",
                                kOwn),
                    kAsk);
}

Result<std::vector<std::string>> databases_of(const Psql& psql, const PostgresqlData& data) {
  MOULT_ASSIGN(const auto present, databases_in(psql));
  std::vector<std::string> chosen;
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

}  // namespace moult::postgresql
