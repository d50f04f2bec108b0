#include "fake_port.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace moult::test {
namespace {

std::pair<Fd, Fd> socket_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  return {Fd(ends[0]), Fd(ends[1])};
}

void nudge(int waker) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(waker, &one, sizeof one);
}

}  // namespace

FakePort::FakePort() : waker_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  std::tie(guest_, device_) = socket_pair();
  relay_ = std::thread([this] { relay(); });
}

FakePort::~FakePort() {
  stop_ = true;
  nudge(waker_.get());
  ::shutdown(device_.get(), SHUT_RDWR);
  hang_up();
  relay_.join();
}

Result<Fd> FakePort::open() {
  if (refuse_) return fail(Code::unreachable, "the channel cannot be opened");
  auto [mine, theirs] = socket_pair();
  const std::lock_guard lock(mutex_);
  ++opened_;
  host_ = std::move(mine);
  nudge(waker_.get());
  return std::move(theirs);
}

void FakePort::hang_up() {
  const std::lock_guard lock(mutex_);
  if (host_) ::shutdown(host_.get(), SHUT_RDWR);
  host_.reset();
  nudge(waker_.get());
}

bool FakePort::copy(int from, int to) {
  std::array<char, 32U << 10> buffer;
  const auto count = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count <= 0) return count < 0 && errno == EAGAIN;
  for (ssize_t sent = 0; sent < count;) {
    const auto step =
        ::send(to, buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (step > 0)
      sent += step;
    else if (errno != EAGAIN)
      return true;  // bytes to a host that left are lost, as in a real port
    else if (stop_)
      return true;
    else
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

void FakePort::relay() {
  while (!stop_) {
    Fd host;
    unsigned which = 0;
    {
      const std::lock_guard lock(mutex_);
      if (host_) host.reset(::dup(host_.get()));
      which = opened_;
    }
    // Without a host the guest's bytes stay where they are.
    pollfd polled[] = {{host ? device_.get() : -1, POLLIN, 0}, {host.get(), POLLIN, 0}, {waker_.get(), POLLIN, 0}};
    ::poll(polled, 3, 1000);
    std::uint64_t count = 0;
    if (polled[2].revents != 0) [[maybe_unused]]
      const auto ignored = ::read(waker_.get(), &count, sizeof count);
    if (host && polled[0].revents != 0) copy(device_.get(), host.get());
    if (host && polled[1].revents != 0 && !copy(host.get(), device_.get())) {
      const std::lock_guard lock(mutex_);
      if (which == opened_) host_.reset();
    }
  }
}

ServedPort::ServedPort(guest::Service& service, FakePort& port, std::string run)
    : server(service, guest::Peer{std::move(run), "boot-1", "instance-1"}), wire_(port.guest_end()), thread_([this] {
        while (server.serve(wire_, std::chrono::seconds(1)) == guest::Server::End::idle) {
        }
      }) {}

ServedPort::~ServedPort() {
  server.stop();
  thread_.join();
}

}  // namespace moult::test
