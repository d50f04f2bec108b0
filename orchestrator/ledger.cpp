#include "orchestrator/ledger.hpp"

#include <nlohmann/json.hpp>

#include "orchestrator/failpoint.hpp"
#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

using nlohmann::json;

json facts_of(const Result<std::string>& result) {
  if (result) return json::parse(result->empty() ? "{}" : *result, nullptr, false);
  json facts{{"code", name_of(result.error().code)}, {"error", result.error().describe()}};
  if (!result.error().remedy.empty()) facts["remedy"] = result.error().remedy;
  return facts;
}

StepOutcome outcome_of(const Result<std::string>& result) {
  if (result) return StepOutcome::done;
  return result.error().disposition == Disposition::ambiguous ? StepOutcome::unknown : StepOutcome::failed;
}

/// What journal and audit log keep of how a step ended.
struct Kept {
  std::string journal, audit;
};

Kept kept_of(const Result<std::string>& result, Millis took, const std::string& subject) {
  if (result && (result->empty() || *result == "{}")) {  // most steps: nothing has to be put together
    const auto figures = "\"took_ms\":" + std::to_string(took.count()) + "}";
    return {"{" + figures, subject.empty() ? "{" + figures : "{\"subject\":" + json(subject).dump() + "," + figures};
  }
  auto facts = facts_of(result);
  facts["took_ms"] = took.count();
  Kept kept{facts.dump(), {}};
  if (!subject.empty()) facts["subject"] = subject;
  kept.audit = facts.dump();
  return kept;
}

}  // namespace

std::string facts_of(const Error& error) {
  return json{{"code", name_of(error.code)}, {"error", error.describe()}, {"remedy", error.remedy}}.dump();
}

Stamp Ledger::stamp() const { return {utc_text(clock_.utc()), actor_}; }

Result<> Ledger::perform(std::string_view step, const std::string& subject, const Effect& effect) {
  const auto intended = store_.journal().intend({run_, std::string(step), subject, "{}", stamp().utc});
  if (!intended) return Unexpected(intended.error());
  observer_.step_began(step, subject);
  const auto how = failpoint(step, subject);
  die_at(FailHow::die_before, how);
  const auto begin = clock_.steady();
  const auto result = how == FailHow::error ? Result<std::string>(failed_on_purpose(step)) : effect();
  const auto took = std::chrono::duration_cast<Millis>(clock_.steady() - begin);
  die_at(FailHow::die_after, how);
  auto concluded = how == FailHow::journal ? Result<>(failed_on_purpose("the journal's row of " + std::string(step)))
                                           : conclude(*intended, step, subject, took, result);
  observer_.step_ended(step, subject, took, result ? nullptr : &result.error());
  if (!result)
    return Unexpected(Error(result.error()).within(std::string(step) + (subject.empty() ? "" : " " + subject)));
  return concluded;
}

Result<> Ledger::conclude(std::int64_t sequence, std::string_view step, const std::string& subject, Millis took,
                          const Result<std::string>& result) {
  const auto kept = kept_of(result, took, subject);
  const auto now = stamp();
  return store_.atomically([&]() -> Result<> {
    MOULT_TRY(store_.journal().conclude(sequence, outcome_of(result), kept.journal, now.utc));
    const auto row = store_.audit().append(
        {run_, std::string(step), now.actor, now.utc, "step." + std::string(name_of(outcome_of(result))), kept.audit});
    if (!row) return Unexpected(row.error());
    return {};
  });
}

Result<> Ledger::take_back(std::string_view step, const std::string& subject) {
  MOULT_ASSIGN(const auto steps, store_.journal().steps(run_));
  for (const auto& row : steps) {
    if (row.step != step || row.subject != subject || row.outcome == StepOutcome::undone) continue;
    MOULT_TRY(store_.journal().conclude(row.sequence, StepOutcome::undone, "{}", stamp().utc));
  }
  return {};
}

Result<> Ledger::perform_plain(std::string_view step, const std::string& subject,
                               const std::function<Result<>()>& effect) {
  return perform(step, subject, [&effect]() -> Result<std::string> {
    MOULT_TRY(effect());
    return std::string("{}");
  });
}

Result<> Ledger::record(const std::string& event, const std::string& facts) {
  const auto now = stamp();
  const auto row = store_.audit().append({run_, "", now.actor, now.utc, event, facts});
  if (!row) return Unexpected(row.error());
  return {};
}

Result<RunState> Ledger::advance(RunState from, RunEvent event, const std::string& facts) {
  const auto to = next_state(from, event);
  if (!to)
    return fail(
        Code::refused,
        "run " + run_ + " is " + std::string(name_of(from)) + ", which does not allow " + std::string(name_of(event)),
        "See `moult status " + run_ + "`.");
  MOULT_TRY(store_.journal().set_state({run_, std::string(name_of(from)), std::string(name_of(*to)), facts, stamp()}));
  observer_.state_changed(*to);
  return *to;
}

}  // namespace moult
