#include "orchestrator/phases/captures.hpp"

#include <atomic>
#include <nlohmann/json.hpp>

namespace moult {
namespace {

constexpr Millis kAnswer{2000};

/// True: the machine's session was not alive, and is another one now. A guest that is off has none, and is not waited
/// for.
Result<bool> renew_session(RunContext& run, const MachineRef& original) {
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(original));
  if (session->alive(kAnswer)) return false;
  MOULT_ASSIGN(const auto seen, run.platform().lifecycle().inspect(original));
  if (seen.state != PowerState::running) return false;
  run.sessions.drop(original);
  MOULT_TRY(run.sessions.of(original));
  return true;
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

}  // namespace moult
