#include "drivers/guest/server/carry.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "drivers/guest/server/loopback.hpp"

namespace moult::guest {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

constexpr int kLookMs = 250;  // how often a thread that waits for its socket looks whether the stream is over
constexpr std::size_t kPiece = 64U << 10;
// Who writes a little at a time, and goes on writing without having heard anything, is given a moment to write more of
// it: a frame costs a guest about as much as 4 KiB in one do (a turn of the port, of two helpers and of what they
// wake).
constexpr std::size_t kLittle = 4U << 10;
constexpr auto kGoesOn = 10ms;  // after the frame before
constexpr auto kMoment = 2ms;

Error broken(const char* what) {
  return {Code::interrupted, std::string("the connection in the guest broke while ") + what, {}, {}, Disposition::fail};
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

bool send_whole(int fd, View bytes, const Stream& stream) {
  while (!bytes.empty()) {
    const auto count = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && !would_block(errno)) return false;
    if (count < 0 && !wait_for(fd, POLLOUT, stream)) return false;
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

void to_socket(int fd, Stream& stream) {
  for (;;) {
    const auto item = stream.receive();
    if (!item) return;
    if (item->kind == Stream::Item::Kind::message) return stream.abort(broken("a message came in its place"));
    if (item->kind == Stream::Item::Kind::finished) return static_cast<void>(::shutdown(fd, SHUT_WR));
    if (!send_whole(fd, item->bytes, stream)) return stream.abort(broken("it was written"));
  }
}

/// Adds what the descriptor has by now to the `size` bytes that `piece` begins with. An end is left to the next read.
/// False: it broke, which the next read would take for its end.
bool read_more(int fd, Buffer& piece, std::size_t& size) {
  while (size < piece.size()) {
    const auto count = ::read(fd, piece.data() + size, piece.size() - size);
    if (count < 0) return would_block(errno);
    if (count == 0) return true;
    size += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

bool wait_for(int fd, short events, const Stream& stream) {
  while (!stream.failed()) {
    pollfd polled{fd, events, 0};
    if (::poll(&polled, 1, kLookMs) > 0) return true;
  }
  return false;
}

void to_stream(int fd, Stream& stream) {
  Buffer piece(kPiece);
  auto sent = SteadyClock::time_point::min();
  std::uint64_t heard = 0;
  while (wait_for(fd, POLLIN, stream)) {
    const auto count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && would_block(errno)) continue;
    if (count < 0) return stream.abort(broken("it was read"));
    if (count == 0) return static_cast<void>(stream.finish());
    auto size = static_cast<std::size_t>(count);
    const auto heard_before = std::exchange(heard, stream.delivered());
    bool good = true;
    if (size < kLittle && heard == heard_before && SteadyClock::now() < sent + kGoesOn) {
      std::this_thread::sleep_for(kMoment);
      good = read_more(fd, piece, size);
    }
    if (!stream.send_bulk(View(piece).first(size))) return;
    if (!good) return stream.abort(broken("it was read"));
    sent = SteadyClock::now();
  }
}

void carry(Stream& stream, Fd socket) {
  send_at_once(socket);
  try {
    std::thread out([&] { to_stream(socket.get(), stream); });
    to_socket(socket.get(), stream);
    out.join();
  } catch (const std::system_error&) {
    stream.abort({Code::busy, "the guest has no room for another thread", {}, {}, Disposition::retry});
  }
  if (stream.failed()) reset_connection(socket);
}

}  // namespace moult::guest
