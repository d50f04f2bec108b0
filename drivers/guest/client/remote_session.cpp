#include "drivers/guest/client/remote_session.hpp"

#include <algorithm>

#include "drivers/guest/protocol/bulk.hpp"

namespace moult::guest {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// A connection that was quiet for so long is asked whether it is still there before a call is entrusted to it.
constexpr auto kQuiet = 2s;

bool past(Moment deadline) { return steady_clock::now() >= deadline; }

Millis until(Moment deadline) {
  return std::max(Millis(0), std::chrono::duration_cast<Millis>(deadline - steady_clock::now()));
}

/// Nothing was asked of the guest yet, so the caller may simply try again.
template <typename Value>
Result<Value> not_begun(Result<Value> result) {
  if (!result && result.error().code == Code::unreachable) result.error().disposition = Disposition::retry;
  return result;
}

}  // namespace

struct RemoteSession::Connection {
  explicit Connection(Fd fd) : wire(std::move(fd)) {}
  Wire wire;
  std::optional<Link> link;
};

RemoteSession::RemoteSession(Route route, SessionOptions options)
    : route_(std::move(route)),
      options_(std::move(options)),
      access_(make_remote_access(*this)),
      files_(make_remote_files(*this)),
      tunnel_(make_remote_tunnel(*this)) {}

RemoteSession::~RemoteSession() = default;

GuestAccess& RemoteSession::access() { return *access_; }

GuestFiles& RemoteSession::files() { return *files_; }

GuestTunnel& RemoteSession::tunnel() { return *tunnel_; }

std::optional<Peer> RemoteSession::peer() const {
  const std::lock_guard lock(mutex_);
  return peer_;
}

bool RemoteSession::alive(Millis deadline) {
  const auto end = after(deadline);
  const auto connection = connected(end, false);  // a question is no reason to put a helper in place
  return connection && (*connection)->link->ping(end);
}

Result<> RemoteSession::announce() {
  MOULT_TRY(ask(Method::announce, {}, after(options_.silence)));
  return {};
}

Result<TcpConnections> RemoteSession::connections() {
  MOULT_ASSIGN(const auto reply, glance(Method::connections, {}));
  return decode<TcpConnections>(reply);
}

Result<> RemoteSession::tickle(const TcpConnections& connections) {
  MOULT_TRY(glance(Method::tickle, encode(connections)));
  return {};
}

Result<> RemoteSession::remove() {
  MOULT_TRY(ask(Method::remove, {}, after(options_.silence)));
  keep(nullptr);
  return {};
}

Result<> RemoteSession::connect(Millis most) {
  MOULT_TRY(connected(after(most), true));
  return {};
}

Result<> RemoteSession::join(Millis most) {
  MOULT_TRY(connected(after(most), false));
  return {};
}

Result<std::shared_ptr<Stream>> RemoteSession::call(Method method, View request, bool whole) {
  MOULT_ASSIGN(auto connection, connected(after(options_.revival), true));
  return call_over(std::move(connection), method, request, whole);
}

Result<std::shared_ptr<Stream>> RemoteSession::call_over(std::shared_ptr<Connection> connection, Method method,
                                                         View request, bool whole) {
  MOULT_ASSIGN(auto stream, connection->link->open(static_cast<std::uint8_t>(method), request, whole));
  // The stream outlives neither the wire nor the link.
  return std::shared_ptr<Stream>(stream.get(), [stream, connection](Stream*) {});
}

Result<Buffer> RemoteSession::ask(Method method, View request, Moment deadline) {
  MOULT_ASSIGN(const auto stream, call(method, request, true));
  return receive_reply(*stream, deadline);
}

Result<Buffer> RemoteSession::glance(Method method, View request) {
  const auto deadline = after(options_.glance);
  MOULT_ASSIGN(auto connection, connected(deadline, false));
  MOULT_ASSIGN(const auto stream, call_over(std::move(connection), method, request, true));
  return receive_reply(*stream, deadline);
}

bool RemoteSession::in_order(Connection& connection, Moment deadline) const {
  if (connection.link->ended()) return false;
  const bool quiet = connection.link->silence() > kQuiet && connection.link->live() == 0;
  return !quiet || connection.link->ping(std::min(deadline, after(options_.answer)));
}

void RemoteSession::keep(std::shared_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  connection_.swap(connection);
}

Result<std::shared_ptr<RemoteSession::Connection>> RemoteSession::connected(Moment deadline, bool may_revive) {
  if (!connecting_.try_lock_until(std::chrono::system_clock::now() + until(deadline)))
    return Unexpected(Error{
        Code::unreachable, "the guest's helper does not answer: no connection in time", {}, {}, Disposition::retry});
  const std::lock_guard one_at_a_time(connecting_, std::adopt_lock);
  {
    std::unique_lock lock(mutex_);
    auto present = connection_;
    lock.unlock();
    if (present && in_order(*present, deadline)) return present;
  }
  keep(nullptr);
  auto connection = shake_hands(deadline);
  for (unsigned tries = 0; !connection && may_revive && route_.revive && tries < options_.tries && !past(deadline);
       ++tries) {
    if (auto revived = route_.revive(until(deadline)); !revived) return pass(not_begun(std::move(revived)));
    connection = shake_hands(deadline);
  }
  return not_begun(std::move(connection));
}

Result<std::shared_ptr<RemoteSession::Connection>> RemoteSession::shake_hands(Moment deadline) {
  MOULT_ASSIGN(auto fd, route_.connect());
  auto connection = std::make_shared<Connection>(std::move(fd));
  MOULT_ASSIGN(auto greeting, greet(connection->wire, std::min(deadline, after(options_.answer))));
  if (greeting.peer.run != options_.run)
    return fail(Code::invalid, "the helper in the guest belongs to another run", "abort that run first");
  connection->link.emplace(connection->wire, greeting.token, Link::Accept{},
                           LinkOptions{options_.ping_every, options_.silence});
  const std::lock_guard lock(mutex_);
  peer_ = std::move(greeting.peer);
  connection_ = connection;
  return connection;
}

}  // namespace moult::guest
