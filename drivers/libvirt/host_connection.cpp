#include "drivers/libvirt/host_connection.hpp"

#include <libvirt/libvirt.h>

#include <thread>

#include "drivers/libvirt/event_loop.hpp"
#include "drivers/libvirt/event_source.hpp"

namespace moult::virt {
namespace {

constexpr Millis kConnectDeadline{5000};
constexpr Millis kCloseDeadline{2000};
constexpr std::chrono::seconds kRepeatFailure{1};
constexpr std::chrono::seconds kPatience{15};  ///< systemd starts a daemon that died within a second, a busy host later
constexpr Millis kPatientPause{100};
constexpr int kKeepaliveSeconds = 5;
constexpr unsigned kKeepaliveCount = 3;

// Closing speaks with the daemon too, so it must not hang either.
void close_connection(virConnectPtr connection, const Subscriptions& subscriptions) {
  (void)run_bounded(kCloseDeadline, [connection, subscriptions] {
    unsubscribe(connection, subscriptions);
    virConnectClose(connection);
  });
}

Result<Connection> open_now(const std::string& uri, ConnectionUse use, const std::shared_ptr<HostEvents>& events) {
  const virConnectPtr opened = virConnectOpen(uri.c_str());
  if (opened == nullptr) {
    Error error = last_error("connect to " + uri, Effect::none);
    if (error.code != Code::refused)
      error = {Code::unreachable,
               error.message,
               "see that libvirtd runs there and that `virsh -c " + uri + " list` works",
               {},
               Disposition::retry};
    return Unexpected(std::move(error));
  }
  // Drivers in this process know none, and need none. A connection that carries a channel has the helper's own, and its
  // pings would meet what the channel's thread sends: libvirt before 10.3 can crash there (CVE-2024-4418).
  if (use != ConnectionUse::channel) virConnectSetKeepAlive(opened, kKeepaliveSeconds, kKeepaliveCount);
  const auto subscriptions = use == ConnectionUse::calls_and_events ? subscribe(opened, events) : Subscriptions{};
  return Connection(opened, [subscriptions](virConnectPtr connection) { close_connection(connection, subscriptions); });
}

}  // namespace

Result<Connection> open_connection(const std::string& uri, Millis deadline, ConnectionUse use,
                                   const std::shared_ptr<HostEvents>& events) {
  ensure_event_loop();
  auto opened = bounded<Connection>({"connect to " + uri, Effect::none, deadline},
                                    [uri, use, events] { return open_now(uri, use, events); });
  if (!opened && opened.error().code == Code::timeout) {
    return Unexpected(Error{Code::unreachable,
                            opened.error().message,
                            "see that the host is up and that libvirtd answers there",
                            {},
                            Disposition::retry});
  }
  return opened;
}

Result<Connection> HostConnection::get() {
  const std::lock_guard lock(mutex_);
  if (is_alive(current_)) return current_;
  const auto now = std::chrono::steady_clock::now();
  if (current_) lost_since_ = now;
  current_.reset();
  if (failure_ && now - failed_at_ < kRepeatFailure) return Unexpected(*failure_);
  auto opened = open();
  failure_.reset();
  if (opened) {
    current_ = *opened;
  } else {
    failure_ = opened.error();
    failed_at_ = std::chrono::steady_clock::now();
  }
  return opened;
}

Result<Connection> HostConnection::open() {
  for (;;) {
    auto opened = open_connection(uri_, kConnectDeadline, use_, events_);
    const bool wait = use_ == ConnectionUse::calls_and_events && !opened && opened.error().code == Code::unreachable &&
                      lost_since_ && std::chrono::steady_clock::now() - *lost_since_ < kPatience;
    if (!wait) return opened;
    std::this_thread::sleep_for(kPatientPause);
  }
}

bool is_alive(const Connection& connection) {
  return connection != nullptr && virConnectIsAlive(connection.get()) == 1;
}

}  // namespace moult::virt
