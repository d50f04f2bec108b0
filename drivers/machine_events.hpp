#pragma once

#include <string>
#include <vector>

namespace moult {

enum class MachineEventKind {
  started,
  stopped,  ///< off, for whatever reason but a crash
  crashed,  ///< the guest or its hypervisor process died
  paused,   ///< by a person, or on a disk error
  resumed,
  agent_connected,
  agent_disconnected,
  disk_error,  ///< a read or write failed on the host, no space for example
  host_lost,   ///< the connection broke: what happened since is unknown, ask by `inspect`
  missed,      ///< more events came than are kept: ask by `inspect`
};
[[nodiscard]] constexpr const char* name_of(MachineEventKind kind) {
  switch (kind) {
    case MachineEventKind::started:
      return "started";
    case MachineEventKind::stopped:
      return "stopped";
    case MachineEventKind::crashed:
      return "crashed";
    case MachineEventKind::paused:
      return "paused";
    case MachineEventKind::resumed:
      return "resumed";
    case MachineEventKind::agent_connected:
      return "agent_connected";
    case MachineEventKind::agent_disconnected:
      return "agent_disconnected";
    case MachineEventKind::disk_error:
      return "disk_error";
    case MachineEventKind::host_lost:
      return "host_lost";
    case MachineEventKind::missed:
      return "missed";
  }
  return "missed";
}

struct MachineEvent {
  std::string uri;
  std::string domain;  ///< empty for host_lost and missed
  MachineEventKind kind = MachineEventKind::missed;
  friend bool operator==(const MachineEvent&, const MachineEvent&) = default;
};

/// What happened to machines without our asking, on every host that any call has reached so far. Safe to call from
/// several threads.
class MachineEvents {
 public:
  virtual ~MachineEvents() = default;
  /// Events since the last call, oldest first.
  virtual std::vector<MachineEvent> take() = 0;
};

}  // namespace moult
