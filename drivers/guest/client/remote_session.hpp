#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "drivers/clock.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/protocol/handshake.hpp"
#include "drivers/guest/protocol/link.hpp"
#include "drivers/guest/protocol/messages.hpp"
#include "drivers/guest_session.hpp"

namespace moult::guest {

/// How a session reaches its helper.
struct Route {
  /// Opens the channel: a connected stream socket.
  std::function<Result<Fd>()> connect;
  /// Puts the helper in place again when the channel opens but nobody answers, within the time given: after the guest's
  /// reboot, for example. Empty: there is no way.
  std::function<Result<>(Millis)> revive;
};

struct SessionOptions {
  std::string run;          ///< the helper must have been started for it
  Millis answer{5'000};     ///< how long a handshake may take
  Millis revival{180'000};  ///< how long a revival may take: a boot
  Millis ping_every{1'000};
  Millis glance{5'000};    ///< how long a call may take that only clients gain by
  Millis silence{60'000};  ///< a connection on which nothing comes for so long, though asked, is given up
  unsigned tries = 2;      ///< handshakes before and after a revival
};

/// One connection at a time to a helper, made anew by the next call after it broke. Thread-safe.
class RemoteSession : public GuestSession {
 public:
  RemoteSession(Route route, SessionOptions options);
  ~RemoteSession() override;

  GuestAccess& access() override;
  GuestFiles& files() override;
  GuestTunnel& tunnel() override;
  bool alive(Millis deadline) override;
  Result<> announce() override;
  Result<TcpConnections> connections() override;
  Result<> tickle(const TcpConnections& connections) override;
  Result<> remove() override;

  /// Connects unless connected, revives the helper when it must. Errors: unreachable, disposition retry; timeout.
  Result<> connect(Millis most);
  /// Connects unless connected; does not revive.
  Result<> join(Millis most);
  /// The helper that answered last.
  [[nodiscard]] std::optional<Peer> peer() const;
  /// Opens a stream for a call and sends its request, and finishes this side of it if that is all (`whole`).
  Result<std::shared_ptr<Stream>> call(Method method, View request, bool whole = false);
  /// A call without content: the body of its reply.
  Result<Buffer> ask(Method method, View request, Moment deadline = Moment::max());

 private:
  struct Connection;
  static Result<std::shared_ptr<Stream>> call_over(std::shared_ptr<Connection> connection, Method method, View request,
                                                   bool whole);
  /// As ask(), of a helper that answers soon or not at all: it is not revived for this.
  Result<Buffer> glance(Method method, View request);
  Result<std::shared_ptr<Connection>> connected(Moment deadline, bool may_revive);
  Result<std::shared_ptr<Connection>> shake_hands(Moment deadline);
  [[nodiscard]] bool in_order(Connection& connection, Moment deadline) const;
  void keep(std::shared_ptr<Connection> connection);

  const Route route_;
  const SessionOptions options_;
  const std::unique_ptr<GuestAccess> access_;
  const std::unique_ptr<GuestFiles> files_;
  const std::unique_ptr<GuestTunnel> tunnel_;
  std::timed_mutex connecting_;  // one at a time; the others wait for its result
  mutable std::mutex mutex_;
  std::shared_ptr<Connection> connection_;  // guarded by mutex_, as is peer_
  std::optional<Peer> peer_;
};

[[nodiscard]] std::unique_ptr<GuestAccess> make_remote_access(RemoteSession& session);
[[nodiscard]] std::unique_ptr<GuestFiles> make_remote_files(RemoteSession& session);
[[nodiscard]] std::unique_ptr<GuestTunnel> make_remote_tunnel(RemoteSession& session);

}  // namespace moult::guest
