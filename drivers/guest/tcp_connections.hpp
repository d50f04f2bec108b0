#pragma once

#include "descriptors/base/result.hpp"
#include "drivers/tcp_connection.hpp"

namespace moult::guest {

/// The connections of this machine with others on which an answer may still be awaited (established, or closed by the
/// peer alone), IPv4 and IPv6; none with itself and none of link-local addresses. Errors: io.
[[nodiscard]] Result<TcpConnections> tcp_connections();

/// What a table of /proc/net/tcp or /proc/net/tcp6 says of that; lines that are none are passed over.
[[nodiscard]] TcpConnections connections_in(const std::string& table);

/// Sends the peer of each connection, from its local address, one TCP segment that fits nowhere in it (RFC 9293,
/// 3.10.7.4: the peer answers with what it expects). A machine that has the address but not the connection resets it
/// then; one that has both goes on undisturbed. Known as a tickle from CTDB, whose takeovers of addresses do the same.
/// Connections of addresses that this machine has not are passed over. Needs root. Errors: io, after trying them all.
[[nodiscard]] Result<> tickle(const TcpConnections& connections);

}  // namespace moult::guest
