// A run that only tries something on clones.
#include <nlohmann/json.hpp>

#include "orchestrator/conductor.hpp"
#include "orchestrator/strategies.hpp"

namespace moult {
namespace {

std::string facts_of(const std::string& set, const std::vector<HookRow>& rows) {
  auto bad = nlohmann::json::array();
  for (const auto& row : rows)
    if (row.verdict == HookRow::Verdict::bad) bad.push_back({{"check", row.check}, {"reason", row.reason}});
  return nlohmann::json{{"set", set}, {"checks", rows.size()}, {"bad", bad}}.dump();
}

Result<std::vector<HookRow>> check_set(RunContext& run, const PlannedData& planned, const Argv& write) {
  const DataPlace place{planned, run.spec_of(planned), {}, {}, run.work.spool, run.id()};
  HookWays ways{hook_set(place, false), std::nullopt};
  if (!place.spec.hooks.one_way) ways.back = hook_set(place, true);
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(run.machine(planned.machine).clone));
  const HookCheck check{write, run.work.spool + "/" + planned.set + ".check"};
  MOULT_ASSIGN(auto rows, check_hooks(ways, session->access(), check, run.platform().clock()));
  MOULT_TRY(run.ledger.record("hooks.checked", facts_of(planned.set, rows)));
  return rows;
}

Result<> check_sets(RunContext& run, StallForecast& forecast, const Argv& write, RunEnd& end) {
  MOULT_TRY(clone_for_trial(run, forecast));
  for (const auto& planned : run.work.plan.data) {
    if (planned.strategy != name_of(DataKind::hooks)) continue;
    MOULT_TRY(run.world.interrupt.check());
    MOULT_ASSIGN(end.hooks[planned.set], check_set(run, planned, write));
  }
  return {};
}

}  // namespace

Result<RunEnd> Conductor::check_hooks(const Argv& write) {
  MOULT_TRY(run_.world.interrupt.check());
  MOULT_TRY(advance(RunEvent::clone));
  RunEnd end;
  if (auto checked = check_sets(run_, forecast_, write, end); !checked)
    return abort_because(std::move(checked).error());
  MOULT_ASSIGN(const auto over, abort());
  end.state = over.state;
  return end;
}

}  // namespace moult
