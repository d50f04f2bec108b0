#include "orchestrator/cutover/old_connections.hpp"

namespace moult {

void end_old_connections(RunContext& run, const Direction& way) {
  const auto ended = run.each_machine([&](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(GuestSession * left, run.sessions.of(way.serving(pair)));
    MOULT_ASSIGN(const auto connections, left->connections());
    if (connections.empty()) return {};
    MOULT_ASSIGN(GuestSession * serves, run.sessions.of(way.next(pair)));
    return serves->tickle(connections);
  });
  if (!ended) run.world.observer.warn("clients of the side that left may wait in vain: " + ended.error().describe());
}

}  // namespace moult
