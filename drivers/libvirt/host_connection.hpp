#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "drivers/libvirt/bounded.hpp"
#include "drivers/libvirt/handles.hpp"
#include "drivers/libvirt/host_events.hpp"

namespace moult::virt {

/// What a connection is for: calls, which keepalive watches over; calls, and the host's events; or a channel, whose
/// helper has pings of its own.
enum class ConnectionUse { calls, calls_and_events, channel };

/// Opens a connection within `deadline`: a connect to a dead host hangs for minutes by itself. Errors: unreachable,
/// refused (not allowed).
[[nodiscard]] Result<Connection> open_connection(const std::string& uri, Millis deadline, ConnectionUse use,
                                                 const std::shared_ptr<HostEvents>& events);

[[nodiscard]] bool is_alive(const Connection& connection);

/// One connection to a host, renewed when libvirtd was restarted. Thread-safe.
class HostConnection {
 public:
  HostConnection(std::string uri, ConnectionUse use, std::shared_ptr<HostEvents> events)
      : uri_(std::move(uri)), use_(use), events_(std::move(events)) {}
  /// The living connection, opened when there is none. By the one with the events a daemon that answered before is
  /// waited for, up to 15 s from its loss: one that died is started again by its host. A failure is repeated to
  /// everyone for a second, so that many callers do not each wait for a dead host.
  [[nodiscard]] Result<Connection> get();

 private:
  Result<Connection> open();

  const std::string uri_;
  const ConnectionUse use_;
  const std::shared_ptr<HostEvents> events_;
  std::mutex mutex_;
  Connection current_;
  std::optional<std::chrono::steady_clock::time_point> lost_since_;
  std::optional<Error> failure_;
  std::chrono::steady_clock::time_point failed_at_;
};

}  // namespace moult::virt
