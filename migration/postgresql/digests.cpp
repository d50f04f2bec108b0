#include "migration/postgresql/digests.hpp"

#include <fmt/format.h>

#include "migration/postgresql/catalog.hpp"

namespace moult::postgresql {
namespace {

constexpr Millis kAsk{60'000};
constexpr std::size_t kFields = 6;

/// Of each table's columns, in their order: kind, schema, table, column, its place in the primary key (or -1), whether
/// the table is large. Of each sequence: kind, schema, name.
constexpr std::string_view kColumns =
    "SELECT 't', n.nspname, c.relname, a.attname, coalesce(array_position(i.indkey::int2[], a.attnum), -1), "
    "pg_table_size(c.oid) > 64 * 1024 * 1024 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN "
    "pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' LEFT JOIN "
    "pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE c.relkind = 'r' AND {0} ORDER BY n.nspname, c.relname, "
    "a.attnum;\nSELECT 's', n.nspname, c.relname, '', -1, false FROM pg_class c JOIN pg_namespace n ON n.oid = "
    "c.relnamespace WHERE c.relkind = 'S' AND {0} ORDER BY 1, 2";

struct Relation {
  std::string shown, columns, last_keys;  ///< quoted for a statement
  bool sequence = false, large = false;
};

/// The row belongs to the relation that the one before began, or begins its own.
void add(std::vector<Relation>& relations, const Row& row) {
  const auto shown = name(row[1]) + "." + name(row[2]);
  if (relations.empty() || relations.back().shown != shown)
    relations.push_back({shown, {}, {}, row[0] == "s", row[5] == "t"});
  auto& relation = relations.back();
  relation.columns += (relation.columns.empty() ? "" : ", ") + name(row[3]);
  if (row[4] != "-1") relation.last_keys += (relation.last_keys.empty() ? "" : ", ") + name(row[3]) + " DESC";
}

std::string query_of(const Relation& relation) {
  if (relation.sequence)
    return fmt::format("SELECT {}, last_value, is_called::int FROM {};\n", text("sequence " + relation.shown),
                       relation.shown);
  const bool part = relation.large && !relation.last_keys.empty();
  return fmt::format(
      "SELECT {}, count(*), coalesce(sum(hashtextextended((ROW({}))::text COLLATE \"C\", 0)::numeric), 0) FROM {};\n",
      text(relation.shown), relation.columns,
      part ? fmt::format("(SELECT * FROM ONLY {} ORDER BY {} LIMIT 1000) x", relation.shown, relation.last_keys)
           : "ONLY " + relation.shown);
}

}  // namespace

Result<std::string> digest_queries(const Psql& psql, const std::string& database) {
  MOULT_ASSIGN(const auto rows, psql.rows(database, fmt::format(kColumns, kOwn), kAsk));
  std::vector<Relation> relations;
  for (const auto& row : rows) {
    if (row.size() != kFields)
      return fail(Code::invalid, "database " + database + " has names with tabs or newlines in them");
    add(relations, row);
  }
  std::string queries;
  for (const auto& relation : relations) queries += query_of(relation);
  return queries;
}

}  // namespace moult::postgresql
