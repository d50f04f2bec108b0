#include "migration/postgresql/catalog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "migration/postgresql/names.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kAsk{60'000};

constexpr const char* kAllDatabases =
    "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1";

}  // namespace

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
