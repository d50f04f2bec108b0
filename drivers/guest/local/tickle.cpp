#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "drivers/fd.hpp"
#include "drivers/guest/local/system_error.hpp"
#include "drivers/guest/tcp_connections.hpp"

namespace moult::guest {
namespace {

/// An address of either family, as sockets take it, without a port: raw sockets have none.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  std::span<const std::uint8_t> bytes;
};

bool read_address(const std::string& text, Address& into) {
  auto* four = reinterpret_cast<sockaddr_in*>(&into.storage);
  auto* six = reinterpret_cast<sockaddr_in6*>(&into.storage);
  if (::inet_pton(AF_INET, text.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    into.size = sizeof *four;
    into.bytes = {reinterpret_cast<const std::uint8_t*>(&four->sin_addr), 4};
    return true;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &six->sin6_addr) != 1) return false;
  six->sin6_family = AF_INET6;
  into.size = sizeof *six;
  into.bytes = {six->sin6_addr.s6_addr, 16};
  return true;
}

std::uint32_t sum_of(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8U | bytes[i + 1]);
  return sum;
}

/// An acknowledgement of nothing, its sequence number far from any that is expected, as good as always.
tcphdr segment_of(const TcpConnection& connection, const Address& local, const Address& peer) {
  tcphdr segment{};
  segment.source = htons(connection.local_port);
  segment.dest = htons(connection.peer_port);
  segment.doff = sizeof segment / 4;
  segment.ack = 1;
  segment.window = htons(1234);
  auto sum = sum_of(local.bytes) + sum_of(peer.bytes) + IPPROTO_TCP + sizeof segment +
             sum_of({reinterpret_cast<const std::uint8_t*>(&segment), sizeof segment});
  while (sum >> 16U != 0) sum = (sum & 0xffffU) + (sum >> 16U);
  segment.check = htons(static_cast<std::uint16_t>(~sum));
  return segment;
}

Result<> tickle_one(const TcpConnection& connection) {
  Address local, peer;
  if (!read_address(connection.local, local) || !read_address(connection.peer, peer) ||
      local.storage.ss_family != peer.storage.ss_family)
    return fail(Code::invalid, "no connection: from " + connection.local + " to " + connection.peer);
  const Fd fd(::socket(local.storage.ss_family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) return system_failure("reset a connection with", connection.peer, errno);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local.storage), local.size) != 0) {
    if (errno == EADDRNOTAVAIL) return {};
    return system_failure("reset a connection from", connection.local, errno);
  }
  const auto segment = segment_of(connection, local, peer);
  if (::sendto(fd.get(), &segment, sizeof segment, 0, reinterpret_cast<const sockaddr*>(&peer.storage), peer.size) < 0)
    return system_failure("reset a connection with", connection.peer, errno);
  return {};
}

}  // namespace

Result<> tickle(const TcpConnections& connections) {
  Result<> first;
  for (const auto& connection : connections) {
    auto done = tickle_one(connection);
    if (!done && first) first = std::move(done);
  }
  return first;
}

}  // namespace moult::guest
