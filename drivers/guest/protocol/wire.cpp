#include "drivers/guest/protocol/wire.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "drivers/guest/protocol/frame.hpp"

namespace moult::guest {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kBufferBytes = 2 * kMaxFrame;
constexpr std::size_t kPortWrite = 32U << 10;

int milliseconds_until(Moment deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, 60'000));
}

/// Drops `count` bytes from the front of the parts.
std::span<iovec> advance(std::span<iovec> parts, std::size_t count) {
  while (!parts.empty() && count >= parts.front().iov_len) {
    count -= parts.front().iov_len;
    parts = parts.subspan(1);
  }
  if (!parts.empty()) {
    parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + count;
    parts.front().iov_len -= count;
  }
  return parts;
}

/// As much of the parts' beginning as a buffer takes.
std::size_t gather(std::span<const iovec> parts, std::span<std::byte> into) {
  std::size_t count = 0;
  for (const auto& part : parts) {
    const auto more = std::min(part.iov_len, into.size() - count);
    std::memcpy(into.data() + count, part.iov_base, more);
    count += more;
  }
  return count;
}

bool is_socket(int fd) {
  struct stat facts {};
  return ::fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode);
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Wire::Wire(Fd fd)
    : fd_(std::move(fd)),
      waker_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      socket_(is_socket(fd_.get())),
      heard_(steady_clock::now().time_since_epoch().count()) {
  ::fcntl(fd_.get(), F_SETFL, ::fcntl(fd_.get(), F_GETFL) | O_NONBLOCK);
  ::fcntl(fd_.get(), F_SETFD, FD_CLOEXEC);
}

Wire::Ready Wire::wait(short events, Moment deadline) const {
  for (;;) {
    pollfd polled[2] = {{fd_.get(), events, 0}, {waker_.get(), POLLIN, 0}};
    const int count = ::poll(polled, 2, milliseconds_until(deadline));
    if (count < 0 && errno != EINTR) return Ready::closed;
    if (polled[1].revents != 0) return Ready::interrupted;
    if ((polled[0].revents & events) != 0) return Ready::yes;
    if (polled[0].revents != 0) return Ready::closed;
    if (steady_clock::now() >= deadline) return Ready::deadline;
  }
}

void Wire::make_room() {
  if (buffer_.empty()) buffer_.resize(kBufferBytes);
  if (begin_ == end_) begin_ = end_ = 0;
  if (buffer_.size() - end_ >= kMaxFrame || begin_ == 0) return;
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
}

Wire::Got Wire::fill(Moment deadline) {
  make_room();
  if (end_ == buffer_.size()) return Got::bytes;
  for (;;) {
    const auto ready = wait(POLLIN, deadline);
    if (ready == Ready::interrupted) return Got::interrupted;
    if (ready == Ready::deadline) return Got::deadline;
    if (ready == Ready::closed) return Got::closed;
    const auto count = ::read(fd_.get(), buffer_.data() + end_, buffer_.size() - end_);
    if (count < 0 && would_block(errno)) continue;
    if (count <= 0) return Got::closed;
    end_ += static_cast<std::size_t>(count);
    heard_ = steady_clock::now().time_since_epoch().count();
    return Got::bytes;
  }
}

void Wire::consume(std::size_t count) { begin_ += std::min(count, end_ - begin_); }

/// A port's driver (virtio_console) takes the parts of a vector one by one, each at most 32 KiB, and each costs an exit
/// to the host: what does not fill that by itself is put together.
ssize_t Wire::write_some(std::span<iovec> parts) {
  if (socket_) {
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    return ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
  }
  const auto& first = parts.front();
  if (first.iov_len >= kPortWrite) return ::write(fd_.get(), first.iov_base, kPortWrite);
  staged_.resize(kPortWrite);
  return ::write(fd_.get(), staged_.data(), gather(parts, staged_));
}

bool Wire::write(std::span<iovec> parts, Moment deadline, bool* begun) {
  while (!parts.empty()) {
    const auto count = write_some(parts);
    if (count < 0 && !would_block(errno)) return false;
    if (count < 0 && wait(POLLOUT, deadline) != Ready::yes) return false;
    if (count > 0 && begun != nullptr) *begun = true;
    if (count >= 0) parts = advance(parts, static_cast<std::size_t>(count));
  }
  return true;
}

bool Wire::write(View bytes, Moment deadline) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  return write(std::span(&part, 1), deadline);
}

void Wire::interrupt() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(waker_.get(), &one, sizeof one);
}

void Wire::rearm() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto ignored = ::read(waker_.get(), &count, sizeof count);
}

std::chrono::milliseconds Wire::silence() const {
  const Moment heard{steady_clock::duration(heard_.load())};
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - heard);
}

}  // namespace moult::guest
