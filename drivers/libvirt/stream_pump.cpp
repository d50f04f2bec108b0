#include "drivers/libvirt/stream_pump.hpp"

#include <libvirt/libvirt.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "drivers/libvirt/virt_error.hpp"

namespace moult::virt {
namespace {

// libvirt cuts streams into packets of 262120 bytes.
constexpr std::size_t kChunk = 262120;
constexpr int kSocketBuffer = 1 << 20;

using Holder = std::shared_ptr<StreamPump>;
void* hold(const Holder& pump) { return new Holder(pump); }
void let_go(void* opaque) { delete static_cast<Holder*>(opaque); }

}  // namespace

// libvirt's C callbacks; each holds the pump until libvirt lets go of it.
struct StreamPump::Callbacks {
  static void stream(virStreamPtr, int events, void* opaque) { (*static_cast<Holder*>(opaque))->on_stream(events); }
  static void writable(int, int, int, void* opaque) { (*static_cast<Holder*>(opaque))->on_writable(); }
  static void closed(virConnectPtr, int, void* opaque) { (*static_cast<Holder*>(opaque))->end(); }
};

StreamPump::StreamPump(Connection connection, std::shared_ptr<_virStream> stream, Fd socket)
    : connection_(std::move(connection)),
      stream_(std::move(stream)),
      socket_(std::move(socket)),
      buffer_(std::make_unique<char[]>(kChunk)) {}

StreamPump::~StreamPump() = default;

Result<Fd> StreamPump::start(Connection connection, std::shared_ptr<_virStream> stream,
                             std::weak_ptr<StreamPump>& pump) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return fail(Code::io, std::string("socketpair: ") + std::strerror(errno));
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  auto made = std::make_shared<StreamPump>(std::move(connection), std::move(stream), std::move(ours));
  MOULT_TRY(made->watch());
  std::thread([made] { made->pump_to_guest(); }).detach();
  pump = made;
  return theirs;
}

Result<> StreamPump::watch() {
  // A handle without events: on_writable is armed only while the owner's socket is full.
  void* holder = hold(shared_from_this());
  writable_watch_ = virEventAddHandle(socket_.get(), 0, Callbacks::writable, holder, let_go);
  if (writable_watch_ < 0) {
    let_go(holder);
    return fail(Code::internal, "libvirt's event loop takes no handle");
  }
  void* closer = hold(shared_from_this());
  close_watched_ = virConnectRegisterCloseCallback(connection_.get(), Callbacks::closed, closer, let_go) == 0;
  if (!close_watched_) let_go(closer);  // a hypervisor driver inside this process
  const int events = VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP;
  void* reader = hold(shared_from_this());
  if (virStreamEventAddCallback(stream_.get(), events, Callbacks::stream, reader, let_go) == 0) return {};
  let_go(reader);
  virEventRemoveHandle(writable_watch_);
  return virt_fail("watch the channel's stream", Effect::none);
}

void StreamPump::end() { ::shutdown(socket_.get(), SHUT_RDWR); }

// Runs until the owner closes its end, or end() does; then takes everything down, for it alone may wait.
void StreamPump::pump_to_guest() {
  const auto buffer = std::make_unique<char[]>(kChunk);
  while (true) {
    const auto got = ::recv(socket_.get(), buffer.get(), kChunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || !send_to_guest(buffer.get(), static_cast<std::size_t>(got))) break;
  }
  end();
  virStreamEventRemoveCallback(stream_.get());
  virEventRemoveHandle(writable_watch_);
  virStreamAbort(stream_.get());
  if (close_watched_) virConnectUnregisterCloseCallback(connection_.get(), Callbacks::closed);
}

bool StreamPump::send_to_guest(const char* data, std::size_t size) {
  constexpr int kWouldBlock = -2;
  while (size > 0) {
    const int sent = virStreamSend(stream_.get(), data, size);
    if (sent == kWouldBlock) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      continue;
    }
    if (sent < 0) return false;
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

void StreamPump::on_stream(int events) {
  if ((events & VIR_STREAM_EVENT_READABLE) != 0) return receive();
  end();
}

void StreamPump::receive() {
  constexpr int kWouldBlock = -2;
  // A few packets a turn: other streams wait for the same loop.
  for (int turn = 0; turn < 4; ++turn) {
    const int got = virStreamRecv(stream_.get(), buffer_.get(), kChunk);
    if (got == kWouldBlock) return;
    if (got <= 0) return end();
    begin_ = 0;
    end_ = static_cast<std::size_t>(got);
    if (!flush()) return;
  }
}

// True when everything that was received has gone to the owner.
bool StreamPump::flush() {
  while (begin_ < end_) {
    const auto sent = ::send(socket_.get(), buffer_.get() + begin_, end_ - begin_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      virStreamEventUpdateCallback(stream_.get(), VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP);
      virEventUpdateHandle(writable_watch_, VIR_EVENT_HANDLE_WRITABLE);
      return false;
    }
    if (sent < 0) {
      end();
      return false;
    }
    begin_ += static_cast<std::size_t>(sent);
  }
  return true;
}

void StreamPump::on_writable() {
  if (!flush()) return;
  virEventUpdateHandle(writable_watch_, 0);
  virStreamEventUpdateCallback(stream_.get(),
                               VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP);
}

}  // namespace moult::virt
