#include "orchestrator/cutover/old_connections.hpp"

namespace moult {

void OldConnections::note() {
  const auto noted = run_.each_machine([this](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(GuestSession * left, run_.sessions.of(way_.serving(pair)));
    MOULT_ASSIGN(auto connections, left->connections());
    const std::lock_guard lock(mutex_);
    noted_[pair.original.name] = std::move(connections);
    return {};
  });
  if (!noted) warn(noted.error());
}

void OldConnections::end() {
  const auto ended = run_.each_machine([this](const MachinePair& pair) -> Result<> {
    const auto noted = noted_.find(pair.original.name);
    if (noted == noted_.end() || noted->second.empty()) return {};
    MOULT_ASSIGN(GuestSession * serves, run_.sessions.of(way_.next(pair)));
    return serves->tickle(noted->second);
  });
  if (!ended) warn(ended.error());
}

void OldConnections::warn(const Error& error) const {
  run_.world.observer.warn("clients of the side that left may wait in vain: " + error.describe());
}

}  // namespace moult
