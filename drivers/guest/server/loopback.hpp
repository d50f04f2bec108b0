#pragma once

#include <chrono>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"

namespace moult::guest {

/// A socket, non-blocking, that listens on 127.0.0.1; port 0: one that is free. Error: busy.
[[nodiscard]] Result<Fd> listen_on_loopback(int port);
/// The port of such a socket.
[[nodiscard]] Result<int> port_of(const Fd& socket);
/// A connection, non-blocking, to 127.0.0.1. Errors: unreachable (disposition retry); timeout.
[[nodiscard]] Result<Fd> connect_to_loopback(int port, std::chrono::milliseconds most);

/// Keeps a socket from waiting for more to send: small requests and answers go at once.
void send_at_once(const Fd& socket);
/// Closes a connection so that its other end sees it broken, never at its end.
void reset_connection(Fd& socket);

}  // namespace moult::guest
