#include "orchestrator/store/salvage.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <functional>

#include "orchestrator/store/sqlite_open.hpp"
#include "orchestrator/store/sqlite_rows.hpp"

namespace moult {
namespace {

using Row = std::function<void(const Query&)>;

/// One pass over a table, until its end or the first page that cannot be read.
void pass(SqliteDatabase& database, const char* sql, const Row& row, std::vector<std::string>& problems) {
  try {
    Query query(database, sql);
    while (query.next()) row(query);
  } catch (const SQLite::Exception& e) {
    const std::string problem = std::string(sql) + ": " + e.what();
    problems.push_back(problem);
  }
}

/// From the front and, where that did not reach the end, from the back.
void both_ways(SqliteDatabase& database, const char* forward, const char* backward, const Row& row,
               std::vector<std::string>& problems) {
  const auto before = problems.size();
  pass(database, forward, row, problems);
  if (problems.size() > before) pass(database, backward, row, problems);
}

void read_all(SqliteDatabase& database, Salvage& found) {
  std::map<std::string, RunSummary> runs;
  both_ways(
      database, "SELECT " MOULT_RUN_COLUMNS " FROM run ORDER BY ordinal",
      "SELECT " MOULT_RUN_COLUMNS " FROM run ORDER BY ordinal DESC",
      [&](const Query& query) { runs.emplace(query.text(0), run_at(query)); }, found.problems);
  for (auto& [id, run] : runs) found.runs.push_back(std::move(run));

  std::map<std::int64_t, StepRecord> steps;
  both_ways(
      database, "SELECT " MOULT_STEP_COLUMNS " FROM step ORDER BY seq",
      "SELECT " MOULT_STEP_COLUMNS " FROM step ORDER BY seq DESC",
      [&](const Query& query) { steps.emplace(query.number(0), step_at(query)); }, found.problems);
  for (auto& [seq, step] : steps) found.steps.push_back(std::move(step));

  both_ways(
      database, "SELECT run, key, value FROM run_value ORDER BY run, key",
      "SELECT run, key, value FROM run_value ORDER BY run DESC, key DESC",
      [&](const Query& query) { found.values[query.text(0)].emplace(query.text(1), query.text(2)); }, found.problems);
}

std::string count(std::size_t number, const std::string& noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

}  // namespace

std::string Salvage::describe() const {
  std::string named;
  for (const auto& run : runs) named += (named.empty() ? " (" : ", ") + run.id + ": " + run.state;
  if (!named.empty()) named += ")";
  std::size_t value_count = 0;
  for (const auto& [run, of_run] : values) value_count += of_run.size();
  return count(runs.size(), "run") + named + ", " + count(steps.size(), "step") + " and " +
         count(value_count, "value") + " can still be read";
}

Salvage salvage_store(const std::string& state_dir) {
  Salvage found;
  try {
    SqliteDatabase database(store_path(state_dir), SqliteDatabase::Mode::read_only);
    read_all(database, found);
  } catch (const SQLite::Exception& e) {
    found.problems.emplace_back(e.what());
  }
  return found;
}

}  // namespace moult
