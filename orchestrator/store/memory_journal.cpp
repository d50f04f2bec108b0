#include "orchestrator/store/memory_journal.hpp"

#include "orchestrator/store/checks.hpp"
#include "orchestrator/store/facts.hpp"

namespace moult {

Result<RunRecord*> MemoryJournal::find(const std::string& id) {
  const auto found = state_.runs.find(id);
  if (found == state_.runs.end()) return no_such_run(id);
  return &found->second;
}

Result<> MemoryJournal::create_run(const RunRecord& given, const Stamp& stamp) {
  MOULT_ASSIGN(const auto run, checked(given, stamp));
  return state_.write([&]() -> Result<> {
    if (!state_.runs.emplace(run.id, run).second) return run_exists(run.id);
    state_.run_order.push_back(run.id);
    state_.on_failure([this, id = run.id] {
      state_.runs.erase(id);
      state_.run_order.pop_back();
    });
    MOULT_TRY(audit_.append(created_entry(run, stamp)));
    return {};
  });
}

Result<RunRecord> MemoryJournal::run(const std::string& id) {
  const std::lock_guard lock(state_.mutex);
  MOULT_ASSIGN(const auto* found, find(id));
  return *found;
}

Result<std::vector<RunSummary>> MemoryJournal::runs() {
  const std::lock_guard lock(state_.mutex);
  std::vector<RunSummary> found;
  for (const auto& id : state_.run_order) found.push_back(state_.runs.at(id));
  return found;
}

Result<> MemoryJournal::set_state(const StateChange& change) {
  MOULT_ASSIGN(const auto entry, state_entry(change));
  return state_.write([&]() -> Result<> {
    MOULT_ASSIGN(auto* run, find(change.run));
    MOULT_TRY(check_state(change, run->state));
    state_.on_failure([this, id = run->id, state = run->state, utc = run->updated_utc] {
      auto& changed = state_.runs.at(id);
      changed.state = state;
      changed.updated_utc = utc;
    });
    run->state = change.to;
    run->updated_utc = change.stamp.utc;
    MOULT_TRY(audit_.append(entry));
    return {};
  });
}

Result<std::int64_t> MemoryJournal::intend(const Intent& given) {
  MOULT_ASSIGN(const auto intent, checked(given));
  std::int64_t sequence = 0;
  const MemoryState::Body body = [&]() -> Result<> {
    MOULT_TRY(find(intent.run));
    sequence = static_cast<std::int64_t>(state_.steps.size()) + 1;
    state_.steps.push_back({sequence, intent.run, intent.step, intent.subject, intent.facts, intent.utc, {}, "", ""});
    state_.on_failure([this] { state_.steps.pop_back(); });
    return {};
  };
  MOULT_TRY(state_.write(body));
  return sequence;
}

Result<> MemoryJournal::conclude(std::int64_t sequence, StepOutcome outcome, const std::string& facts,
                                 const std::string& utc) {
  MOULT_TRY(check_time(utc));
  MOULT_ASSIGN(const auto canonical, canonical_facts(facts));
  return state_.write([&]() -> Result<> {
    if (sequence < 1 || sequence > static_cast<std::int64_t>(state_.steps.size())) return no_such_step(sequence);
    const auto index = static_cast<std::size_t>(sequence - 1);
    auto& step = state_.steps[index];
    MOULT_TRY(check_outcome(sequence, step.outcome, outcome));
    state_.on_failure([this, index, before = step.outcome, old_facts = std::move(step.outcome_facts),
                       old_utc = std::move(step.concluded_utc)] {
      auto& changed = state_.steps[index];
      changed.outcome = before;
      changed.outcome_facts = old_facts;
      changed.concluded_utc = old_utc;
    });
    step.outcome = outcome;
    step.outcome_facts = canonical;
    step.concluded_utc = utc;
    return {};
  });
}

Result<std::vector<StepRecord>> MemoryJournal::steps(const std::string& run) {
  const std::lock_guard lock(state_.mutex);
  MOULT_TRY(find(run));
  std::vector<StepRecord> found;
  for (const auto& step : state_.steps)
    if (step.run == run) found.push_back(step);
  return found;
}

Result<> MemoryJournal::put_value(const std::string& run, const std::string& key, const std::string& value) {
  MOULT_TRY(check_name("key", key));
  return state_.write([&]() -> Result<> {
    MOULT_TRY(find(run));
    auto& values = state_.values[run];
    const auto before = values.find(key);
    if (before == values.end())
      state_.on_failure([this, run, key] { state_.values[run].erase(key); });
    else
      state_.on_failure([this, run, key, old = before->second] { state_.values[run][key] = old; });
    values[key] = value;
    return {};
  });
}

Result<std::map<std::string, std::string>> MemoryJournal::values(const std::string& run) {
  const std::lock_guard lock(state_.mutex);
  MOULT_TRY(find(run));
  const auto found = state_.values.find(run);
  return found == state_.values.end() ? std::map<std::string, std::string>{} : found->second;
}

}  // namespace moult
