#include "drivers/guest/server/loopback.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "drivers/guest/local/system_error.hpp"

namespace moult::guest {
namespace {

constexpr int kBacklog = 16;

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string name_of(int port) { return "127.0.0.1:" + std::to_string(port); }

Result<Fd> stream_socket() {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return system_failure("make", "a socket", errno);
  return socket;
}

Unexpected refused(int port, int error) {
  return Unexpected(Error{Code::unreachable,
                          "nothing answers at " + name_of(port) + " in the guest: " + std::strerror(error),
                          "Start the service there, or correct the port in the descriptor.",
                          {},
                          Disposition::retry});
}

}  // namespace

Result<Fd> listen_on_loopback(int port) {
  MOULT_ASSIGN(auto socket, stream_socket());
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const auto address = loopback(port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return errno == EADDRINUSE ? fail(Code::busy, name_of(port) + " is taken in the guest",
                                      "Choose another port to listen on in the descriptor.")
                               : system_failure("bind", name_of(port), errno);
  if (::listen(socket.get(), kBacklog) != 0) return system_failure("listen on", name_of(port), errno);
  return socket;
}

Result<int> port_of(const Fd& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return system_failure("ask for the address of", "a socket", errno);
  return ntohs(address.sin_port);
}

Result<Fd> connect_to_loopback(int port, std::chrono::milliseconds most) {
  MOULT_ASSIGN(auto socket, stream_socket());
  send_at_once(socket);
  const auto address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  if (errno != EINPROGRESS) return refused(port, errno);
  pollfd polled{socket.get(), POLLOUT, 0};
  if (::poll(&polled, 1, static_cast<int>(most.count())) <= 0)
    return fail(Code::timeout, name_of(port) + " in the guest does not take the connection");
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return refused(port, error);
  return socket;
}

void send_at_once(const Fd& socket) {
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void reset_connection(Fd& socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket.reset();
}

}  // namespace moult::guest
