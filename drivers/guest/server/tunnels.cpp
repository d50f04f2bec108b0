#include "drivers/guest/server/tunnels.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <system_error>
#include <thread>

#include "drivers/guest/protocol/messages.hpp"
#include "drivers/guest/server/carry.hpp"
#include "drivers/guest/server/loopback.hpp"

namespace moult::guest {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMostPort = 65535;
constexpr auto kConnect = 10s;

}  // namespace

bool is_tunnel(std::uint8_t method) {
  const auto which = static_cast<Method>(method);
  return which == Method::listen || which == Method::accept_connection || which == Method::connect;
}

Result<> Tunnels::serve(Stream& stream) {
  MOULT_ASSIGN(const auto item, stream.receive());
  if (item.kind != Stream::Item::Kind::message) return fail(Code::invalid, "a call without its request");
  Reader request(item.bytes);
  const auto method = static_cast<Method>(stream.method());
  const auto number =
      method == Method::accept_connection ? request.number("connection") : request.number("port", kMostPort);
  MOULT_TRY(request.end());
  if (method == Method::accept_connection) return hand_on(stream, number);
  if (method == Method::listen) return listen(stream, static_cast<int>(number));
  return connect(stream, static_cast<int>(number));
}

Result<> Tunnels::listen(Stream& stream, int port) {
  MOULT_ASSIGN(const auto listener, listen_on_loopback(port));
  MOULT_ASSIGN(const int got, port_of(listener));
  MOULT_TRY(stream.send_message(Writer().number(static_cast<std::uint64_t>(got)).bytes()));
  const Fd over(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  try {
    std::thread watch([&] {
      static_cast<void>(stream.receive());  // nothing more is to come: whatever this is, it is the end
      const std::uint64_t one = 1;
      static_cast<void>(!::write(over.get(), &one, sizeof one));
    });
    auto done = hand_out(stream, listener, over);
    stream.abort(done ? Error{Code::interrupted, "no longer listening", {}, {}, Disposition::fail} : done.error());
    watch.join();
  } catch (const std::system_error&) {
    return Unexpected(Error{Code::busy, "the guest has no room for another thread", {}, {}, Disposition::retry});
  }
  return {};
}

/// Until the stream is over. What was not fetched by then is reset.
Result<> Tunnels::hand_out(Stream& stream, const Fd& listener, const Fd& over) {
  Numbers given;
  Result<> done;
  while (done) {
    pollfd polled[2] = {{listener.get(), POLLIN, 0}, {over.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0) continue;
    if (polled[1].revents != 0) break;
    Fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      std::this_thread::sleep_for(10ms);  // no descriptors left, or it went away again
      continue;
    }
    const auto number = keep(std::move(socket));
    if (number == 0) continue;
    given.insert(number);
    done = stream.send_message(Writer().number(number).bytes());
  }
  for (const auto number : given)
    if (auto left = take(number)) reset_connection(left);
  return done;
}

Result<> Tunnels::hand_on(Stream& stream, std::uint64_t number) {
  auto socket = take(number);
  if (!socket) return fail(Code::not_found, "no connection " + std::to_string(number) + " waits in the guest");
  MOULT_TRY(stream.send_message({}));
  carry(stream, std::move(socket));
  return {};
}

Result<> Tunnels::connect(Stream& stream, int port) {
  MOULT_ASSIGN(auto socket, connect_to_loopback(port, kConnect));
  MOULT_TRY(stream.send_message({}));
  carry(stream, std::move(socket));
  return {};
}

std::uint64_t Tunnels::keep(Fd socket) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMostWaiting) {
    reset_connection(socket);
    return 0;
  }
  waiting_[++last_] = std::move(socket);
  return last_;
}

Fd Tunnels::take(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(number);
  if (found == waiting_.end()) return {};
  auto socket = std::move(found->second);
  waiting_.erase(found);
  return socket;
}

}  // namespace moult::guest
