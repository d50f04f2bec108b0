#include "orchestrator/store/sqlite_journal.hpp"

#include "orchestrator/store/checks.hpp"
#include "orchestrator/store/facts.hpp"
#include "orchestrator/store/sqlite_rows.hpp"

namespace moult {

Result<std::string> SqliteJournal::state_of(const std::string& run) {
  Query query(database_, "SELECT state FROM run WHERE id = ?");
  if (!query.with(run).next()) return no_such_run(run);
  return query.text(0);
}

Result<> SqliteJournal::create_run(const RunRecord& given, const Stamp& stamp) {
  MOULT_ASSIGN(const auto run, checked(given, stamp));
  return database_.write([&]() -> Result<> {
    if (state_of(run.id)) return run_exists(run.id);
    Query(database_, "INSERT INTO run (" MOULT_RUN_COLUMNS ", plan, options) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .with(run.id)
        .with(run.appliance)
        .with(run.release)
        .with(run.state)
        .with(run.operator_name)
        .with(run.created_utc)
        .with(run.updated_utc)
        .with(run.plan_json)
        .with(run.options_json)
        .run();
    MOULT_TRY(audit_.append(created_entry(run, stamp)));
    return {};
  });
}

Result<RunRecord> SqliteJournal::run(const std::string& id) {
  RunRecord found;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    Query query(database_, "SELECT " MOULT_RUN_COLUMNS ", plan, options FROM run WHERE id = ?");
    if (!query.with(id).next()) return no_such_run(id);
    static_cast<RunSummary&>(found) = run_at(query);
    found.plan_json = query.text(7);
    found.options_json = query.text(8);
    return {};
  };
  MOULT_TRY(database_.read(body));
  return found;
}

Result<std::vector<RunSummary>> SqliteJournal::runs() {
  std::vector<RunSummary> found;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    Query query(database_, "SELECT " MOULT_RUN_COLUMNS " FROM run ORDER BY ordinal");
    while (query.next()) found.push_back(run_at(query));
    return {};
  };
  MOULT_TRY(database_.read(body));
  return found;
}

Result<> SqliteJournal::set_state(const StateChange& change) {
  MOULT_ASSIGN(const auto entry, state_entry(change));
  return database_.write([&]() -> Result<> {
    MOULT_ASSIGN(const auto found, state_of(change.run));
    MOULT_TRY(check_state(change, found));
    Query(database_, "UPDATE run SET state = ?, updated_utc = ? WHERE id = ?")
        .with(change.to)
        .with(change.stamp.utc)
        .with(change.run)
        .run();
    MOULT_TRY(audit_.append(entry));
    return {};
  });
}

Result<std::int64_t> SqliteJournal::intend(const Intent& given) {
  MOULT_ASSIGN(const auto intent, checked(given));
  std::int64_t sequence = 0;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    MOULT_TRY(state_of(intent.run));
    Query query(database_,
                "INSERT INTO step (run, step, subject, facts, intended_utc) VALUES (?, ?, ?, ?, ?) RETURNING seq");
    query.with(intent.run).with(intent.step).with(intent.subject).with(intent.facts).with(intent.utc);
    query.next();
    sequence = query.number(0);
    while (query.next()) continue;
    return {};
  };
  MOULT_TRY(database_.write(body));
  return sequence;
}

Result<> SqliteJournal::conclude(std::int64_t sequence, StepOutcome outcome, const std::string& facts,
                                 const std::string& utc) {
  MOULT_TRY(check_time(utc));
  MOULT_ASSIGN(const auto canonical, canonical_facts(facts));
  return database_.write([&]() -> Result<> {
    std::optional<StepOutcome> before;
    {
      Query query(database_, "SELECT " MOULT_STEP_COLUMNS " FROM step WHERE seq = ?");
      if (!query.with(sequence).next()) return no_such_step(sequence);
      before = step_at(query).outcome;
    }
    MOULT_TRY(check_outcome(sequence, before, outcome));
    Query(database_, "UPDATE step SET outcome = ?, outcome_facts = ?, concluded_utc = ? WHERE seq = ?")
        .with(std::string(name_of(outcome)))
        .with(canonical)
        .with(utc)
        .with(sequence)
        .run();
    return {};
  });
}

Result<std::vector<StepRecord>> SqliteJournal::steps(const std::string& run) {
  std::vector<StepRecord> found;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    MOULT_TRY(state_of(run));
    Query query(database_, "SELECT " MOULT_STEP_COLUMNS " FROM step WHERE run = ? ORDER BY seq");
    query.with(run);
    while (query.next()) found.push_back(step_at(query));
    return {};
  };
  MOULT_TRY(database_.read(body));
  return found;
}

Result<> SqliteJournal::put_value(const std::string& run, const std::string& key, const std::string& value) {
  MOULT_TRY(check_name("key", key));
  return database_.write([&]() -> Result<> {
    MOULT_TRY(state_of(run));
    Query(database_,
          "INSERT INTO run_value (run, key, value) VALUES (?, ?, ?)"
          " ON CONFLICT (run, key) DO UPDATE SET value = excluded.value")
        .with(run)
        .with(key)
        .with(value)
        .run();
    return {};
  });
}

Result<std::map<std::string, std::string>> SqliteJournal::values(const std::string& run) {
  std::map<std::string, std::string> found;
  const SqliteDatabase::Body body = [&]() -> Result<> {
    MOULT_TRY(state_of(run));
    Query query(database_, "SELECT key, value FROM run_value WHERE run = ?");
    query.with(run);
    while (query.next()) found.emplace(query.text(0), query.text(1));
    return {};
  };
  MOULT_TRY(database_.read(body));
  return found;
}

}  // namespace moult
