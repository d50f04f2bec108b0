#include "drivers/entry/haproxy/runtime_api.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "drivers/fd.hpp"

namespace moult::haproxy {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Entry's calls end within a second, and several of them ask twice.
constexpr Millis kAnswerDeadline{400};
/// `show stat` takes about 600 bytes a proxy or server.
constexpr std::size_t kAnswerLimit = 8U << 20;

Unexpected away(const std::string& socket, const std::string& why) {
  return fail(Code::unreachable, "HAProxy does not answer on " + socket + ": " + why,
              "check that HAProxy runs and that its global section has `stats socket " + socket +
                  " level admin`, which this user may open");
}

Result<Fd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return fail(Code::invalid, "the socket's path is too long: " + path);
  std::memcpy(address.sun_path, path.data(), path.size());
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(Code::io, std::string("no socket: ") + std::strerror(errno));
  // A unix socket connects at once or, with a full backlog, not at all (EAGAIN).
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return away(path, std::strerror(errno));
  return fd;
}

/// Waits for the descriptor; false at the deadline.
bool ready(const Fd& fd, short events, SteadyClock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(until - SteadyClock::now()).count();
    if (left <= 0) return false;
    pollfd wait{fd.get(), events, 0};
    const int count = ::poll(&wait, 1, static_cast<int>(left));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return false;
  }
}

}  // namespace

Result<std::string> RuntimeApi::ask(const std::string& line) const {
  const auto until = SteadyClock::now() + kAnswerDeadline;
  const std::string too_late = "no answer within " + std::to_string(kAnswerDeadline.count()) + " ms";
  MOULT_ASSIGN(const Fd fd, connect_to(socket_));
  const std::string request = line + "\n";
  for (std::size_t sent = 0; sent < request.size();) {
    const auto count = ::send(fd.get(), request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
    if (count > 0) sent += static_cast<std::size_t>(count);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return away(socket_, std::strerror(errno));
    if (count < 0 && !ready(fd, POLLOUT, until)) return away(socket_, too_late);
  }
  std::string answer;
  std::array<char, 1U << 16> buffer;
  for (;;) {
    if (!ready(fd, POLLIN, until)) return away(socket_, too_late);
    const auto count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count < 0) return away(socket_, std::strerror(errno));
    if (count == 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
    if (answer.size() > kAnswerLimit) return fail(Code::invalid, "HAProxy's answer on " + socket_ + " has no end");
  }
  return answer;
}

}  // namespace moult::haproxy
