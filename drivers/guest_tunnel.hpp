#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// Our end of one connection to or from a service in a guest. One thread sends and one receives; any thread breaks.
class TunnelEnd {
 public:
  virtual ~TunnelEnd() = default;  ///< breaks it, unless both directions have ended
  /// The next bytes, as they come; empty: the guest's side sends nothing more. Error: the connection is broken.
  virtual Result<std::vector<std::byte>> receive() = 0;
  /// Waits while the guest's side takes nothing. Error: the connection is broken.
  virtual Result<> send(Bytes bytes) = 0;
  /// Nothing more will be sent.
  virtual Result<> finish() = 0;
  /// Resets the connection in the guest, and ends calls of other threads. Idempotent.
  virtual void abort(const Error& reason) = 0;
};

/// A port on which the guest's helper listens, on 127.0.0.1 alone, for as long as this object lives and its channel
/// holds.
class TunnelListener {
 public:
  virtual ~TunnelListener() = default;
  [[nodiscard]] virtual int port() const = 0;
  /// Waits for the next connection. Errors: interrupted (after close); unreachable, when the channel broke: then the
  /// helper listens no more, and whoever wants it to asks GuestTunnel::listen again.
  virtual Result<std::unique_ptr<TunnelEnd>> accept() = 0;
  /// Ends accept(), also from another thread. Idempotent.
  virtual void close() = 0;
};

/// A command that runs in a guest.
struct StartedCommand {
  std::uint64_t number = 0;
  std::unique_ptr<TunnelEnd> end;  ///< its input and its output, with what it says of errors
};

/// Connections to and from services of one guest, through its helper. The guest decides nothing: it cannot open a
/// connection to this side, nor name an address. Thread-safe; what is returned lives no longer than its session.
class GuestTunnel {
 public:
  virtual ~GuestTunnel() = default;
  /// Listens on 127.0.0.1 in the guest; port 0: one that is free. Errors: busy (the port is taken); unreachable.
  virtual Result<std::unique_ptr<TunnelListener>> listen(int port) = 0;
  /// Connects to 127.0.0.1 in the guest. Errors: unreachable, also when nothing listens there (disposition retry).
  virtual Result<std::unique_ptr<TunnelEnd>> connect(int port) = 0;
  /// Starts a command that is killed, with all that it started, when its connection breaks, whoever broke it, and told
  /// to end (SIGTERM) when the helper dies. Its timeout is for the start alone, its input and limit are not heeded.
  /// Errors: not_found (no such program); unreachable; timeout: it may have been started, and is killed.
  virtual Result<StartedCommand> start(const Command& command) = 0;
  /// Returns when nothing of a command that was started runs any more: to break its connection says only that it is to
  /// be so. Errors: unreachable, timeout.
  virtual Result<> kill(std::uint64_t number) = 0;
};

}  // namespace moult
