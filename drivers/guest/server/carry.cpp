#include "drivers/guest/server/carry.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>

#include "drivers/guest/server/loopback.hpp"

namespace moult::guest {
namespace {

constexpr int kLookMs = 250;  // how often a thread that waits for its socket looks whether the stream is over
constexpr std::size_t kPiece = 64U << 10;

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
  while (wait_for(fd, POLLIN, stream)) {
    const auto count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && would_block(errno)) continue;
    if (count < 0) return stream.abort(broken("it was read"));
    if (count == 0) return static_cast<void>(stream.finish());
    if (!stream.send_bulk(View(piece).first(static_cast<std::size_t>(count)))) return;
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
