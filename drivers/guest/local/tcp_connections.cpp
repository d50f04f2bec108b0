#include "drivers/guest/tcp_connections.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "drivers/guest/local/system_error.hpp"

namespace moult::guest {
namespace {

struct End {
  in6_addr address{};
  std::uint16_t port = 0;
};

/// "0100007F:1F90", or four such words: each a word of the address in network order, printed as this machine's number.
bool read_end(const std::string& text, End& end) {
  const auto colon = text.find(':');
  if (colon != 8 && colon != 32) return false;
  std::array<std::uint32_t, 4> words{0, 0, htonl(0xffff), 0};  // IPv4 as it stands in IPv6
  unsigned port = 0;
  for (std::size_t i = 0; i < colon / 8; ++i)
    if (std::sscanf(text.c_str() + i * 8, "%8x", &words[colon == 8 ? 3 : i]) != 1) return false;
  if (std::sscanf(text.c_str() + colon, ":%4x", &port) != 1) return false;
  std::memcpy(&end.address, words.data(), sizeof end.address);
  end.port = static_cast<std::uint16_t>(port);
  return true;
}

bool is_loopback(const in6_addr& address) {
  return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

std::string text_of(const in6_addr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool four = IN6_IS_ADDR_V4MAPPED(&address);
  ::inet_ntop(four ? AF_INET : AF_INET6, address.s6_addr + (four ? 12 : 0), text.data(), text.size());
  return text.data();
}

}  // namespace

TcpConnections connections_in(const std::string& table) {
  TcpConnections found;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, local_text, peer_text, state;
    words >> number >> local_text >> peer_text >> state;
    if (state != "01" && state != "08") continue;  // TCP_ESTABLISHED, TCP_CLOSE_WAIT
    End local, peer;
    if (!read_end(local_text, local) || !read_end(peer_text, peer)) continue;
    if (is_loopback(local.address) || IN6_IS_ADDR_LINKLOCAL(&local.address)) continue;
    if (IN6_ARE_ADDR_EQUAL(&local.address, &peer.address)) continue;
    found.push_back({text_of(local.address), text_of(peer.address), local.port, peer.port});
  }
  return found;
}

Result<TcpConnections> tcp_connections() {
  TcpConnections all;
  for (const std::string path : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
    std::ifstream file(path);
    if (!file && errno != ENOENT) return system_failure("read", path, errno);  // a kernel without IPv6 has no tcp6
    const std::string table(std::istreambuf_iterator<char>(file), {});
    for (auto& connection : connections_in(table)) all.push_back(std::move(connection));
  }
  return all;
}

}  // namespace moult::guest
