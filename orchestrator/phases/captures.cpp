#include "orchestrator/phases/captures.hpp"

#include <mutex>
#include <nlohmann/json.hpp>

namespace moult {
namespace {

constexpr Millis kAnswer{2000};

/// A machine's session that is not alive becomes another one. A guest that is off has none, and is not waited for.
Result<Renewal> renew_session(RunContext& run, const MachineRef& machine) {
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(machine));
  if (session->alive(kAnswer)) return Renewal{};
  MOULT_ASSIGN(const auto seen, run.platform().lifecycle().inspect(machine));
  if (seen.state != PowerState::running) return Renewal{false, false};
  run.sessions.drop(machine);
  MOULT_TRY(run.sessions.of(machine));
  return Renewal{true, true};
}

/// The same of both sides, and the captures on the original.
Result<Renewal> renew_pair(RunContext& run, const MachinePair& pair) {
  MOULT_ASSIGN(Renewal pair_is, renew_session(run, pair.original));
  MOULT_ASSIGN(const Renewal clone, renew_session(run, pair.clone));
  pair_is.add(clone);
  for (std::size_t i = 0; i < run.forward.size(); ++i) {
    if (run.work.plan.data[i].machine != pair.original.name) continue;
    MOULT_ASSIGN(const bool lost, keep_capture(run, *run.forward[i]));
    pair_is.add({lost, true});
  }
  return pair_is;
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

Result<Renewal> renew_captures(RunContext& run) {
  std::mutex mutex;
  Renewal all;
  MOULT_TRY(run.each_machine([&](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(const Renewal one, renew_pair(run, pair));
    const std::lock_guard lock(mutex);
    all.add(one);
    return {};
  }));
  return all;
}

}  // namespace moult
