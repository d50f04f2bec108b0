#include "orchestrator/phases/captures.hpp"

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>

namespace moult {
namespace {

constexpr Millis kAnswer{2000};

/// True: the machine's session was not alive, and is another one now. A guest that is off has none, and is not waited
/// for.
Result<bool> renew_session(RunContext& run, const MachineRef& machine) {
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(machine));
  if (session->alive(kAnswer)) return false;
  MOULT_ASSIGN(const auto seen, run.platform().lifecycle().inspect(machine));
  if (seen.state != PowerState::running) return false;
  run.sessions.drop(machine);
  MOULT_TRY(run.sessions.of(machine));
  return true;
}

/// Whether its helper answers, which may be another one than before. A guest whose agent does not answer either is not
/// waited for.
bool is_a_way(RunContext& run, const MachineRef& clone) {
  const auto session = run.sessions.of(clone);
  if (session && (*session)->alive(kAnswer)) return true;
  if (!run.platform().guests().agent(clone)) return false;
  const auto renewed = renew_session(run, clone);
  return renewed && *renewed;
}

bool has_sets(const RunContext& run, const std::string& machine) {
  return std::any_of(run.work.plan.data.begin(), run.work.plan.data.end(),
                     [&](const PlannedData& data) { return data.machine == machine; });
}

}  // namespace

Result<bool> keep_capture(RunContext& run, DataStrategy& set) {
  MOULT_ASSIGN(const bool lost, set.keep_capture());
  if (!lost) return false;
  run.world.observer.warn("data set " + set.name() +
                          ": the helper that noticed changes was lost; another one was begun, and the next round "
                          "compares both sides whole");
  MOULT_TRY(run.ledger.record("capture.begun_anew", nlohmann::json{{"set", set.name()}}.dump()));
  return true;
}

Result<bool> renew_captures(RunContext& run) {
  std::atomic<bool> renewed{false};
  MOULT_TRY(run.each_machine([&](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(const bool session, renew_session(run, pair.original));
    bool any = session;
    for (std::size_t i = 0; i < run.forward.size(); ++i) {
      if (run.work.plan.data[i].machine != pair.original.name) continue;
      MOULT_ASSIGN(const bool lost, keep_capture(run, *run.forward[i]));
      any = any || lost;
    }
    if (any) renewed = true;
    return {};
  }));
  return renewed.load();
}

Result<bool> renew_ways(RunContext& run) {
  const bool all_outlive =
      std::all_of(run.forward.begin(), run.forward.end(), [](const auto& set) { return set->outlives_helper(); });
  if (!all_outlive) return false;
  std::atomic<bool> all{true};
  MOULT_TRY(run.each_machine([&](const MachinePair& pair) -> Result<> {
    if (has_sets(run, pair.original.name) && !is_a_way(run, pair.clone)) all = false;
    return {};
  }));
  if (!all) return false;
  run.world.observer.warn("a helper was lost through which data are carried; they go on through another one");
  MOULT_TRY(run.ledger.record("helper.begun_anew", "{}"));
  return true;
}

}  // namespace moult
