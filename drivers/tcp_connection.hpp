#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace moult {

/// A TCP connection as one of its two machines sees it; addresses as text, IPv4 or IPv6.
struct TcpConnection {
  std::string local, peer;
  std::uint16_t local_port = 0, peer_port = 0;
  bool operator==(const TcpConnection&) const = default;
};

using TcpConnections = std::vector<TcpConnection>;

}  // namespace moult
