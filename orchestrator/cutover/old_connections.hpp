#pragma once

#include <map>
#include <mutex>
#include <string>

#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// The connections of the side that left. What it had begun to answer is answered by nobody: its clients would wait for
/// it as long as they have patience, since nothing that they could send is outstanding. They hear of it from the side
/// that serves. A failure is a warning: the switch stands.
class OldConnections {
 public:
  OldConnections(RunContext& run, const Direction& way) : run_(run), way_(way) {}
  /// Asks the side that leaves for them; from its seal on, when no new ones come.
  void note();
  /// Lets the side that serves end those that were noted; it must be on the network.
  void end();

 private:
  void warn(const Error& error) const;
  RunContext& run_;
  const Direction& way_;
  std::mutex mutex_;
  std::map<std::string, TcpConnections> noted_;  ///< by machine; guarded by mutex_
};

}  // namespace moult
