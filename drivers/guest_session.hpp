#pragma once

#include <memory>
#include <string>

#include "drivers/guest_access.hpp"
#include "drivers/guest_files.hpp"
#include "drivers/tcp_connection.hpp"

namespace moult {

/// A run's helper in one guest. Reconnects by itself when the channel or the guest comes back; a call during
/// which the connection broke fails with disposition ambiguous.
class GuestSession {
 public:
  virtual ~GuestSession() = default;
  virtual GuestAccess& access() = 0;
  virtual GuestFiles& files() = 0;
  /// True when the helper answers within the deadline.
  virtual bool alive(Millis deadline) = 0;
  /// Tells the network where the guest's addresses are now (gratuitous ARP, unsolicited neighbour advertisement), so
  /// that bridges and neighbours learn it at once. Called right after a switch.
  virtual Result<> announce() = 0;
  /// The TCP connections with other machines on which an answer may be awaited. This and tickle() take 5 s at most, and
  /// bring no helper back. Errors: unreachable, timeout.
  virtual Result<TcpConnections> connections() = 0;
  /// Makes the peers of `connections`, which another machine had under this one's addresses, find out at once that they
  /// are gone: a client that had been promised an answer would wait for it without end. One of this guest's own among
  /// them is not disturbed. Called right after a switch.
  virtual Result<> tickle(const TcpConnections& connections) = 0;
  /// Stops the helper and removes every trace of it in the guest.
  virtual Result<> remove() = 0;
};

/// Reaches into guests.
class GuestConnector {
 public:
  virtual ~GuestConnector() = default;
  /// Access through the guest agent alone: leaves nothing in the guest. Errors: unreachable, with a remedy that names
  /// the package when no agent channel is defined.
  virtual Result<std::unique_ptr<GuestAccess>> agent(const MachineRef& machine) = 0;
  /// Waits for the guest agent up to `boot`, puts the helper in place where it is missing (or joins the run's helper
  /// that is there already) and opens the session.
  virtual Result<std::unique_ptr<GuestSession>> session(const std::string& run, const MachineRef& machine,
                                                        Millis boot) = 0;
};

}  // namespace moult
