#include "migration/replication_strategy.hpp"

#include <utility>

#include "migration/tunnel.hpp"

namespace moult {
namespace {

constexpr Millis kAgain{100};  ///< between looks for the application

}  // namespace

ReplicationStrategy::ReplicationStrategy(Setup setup, Clock& clock) : VendorStrategy(std::move(setup), clock) {}

ReplicationStrategy::~ReplicationStrategy() = default;

/// A clone is up before its services are.
Result<> ReplicationStrategy::await_application() {
  const auto deadline = clock_.steady() + patience();
  for (;;) {
    MOULT_ASSIGN(GuestSession * target, setup_.target());
    const auto end = target->tunnel().connect(setup_.set.port);
    if (end) return {};
    if (end.error().disposition != Disposition::retry || clock_.steady() >= deadline)
      return Unexpected(Error(end.error()).within("data set " + name()));
    clock_.sleep(kAgain);
  }
}

Result<> ReplicationStrategy::open_tunnel() {
  if (tunnel_) return {};
  MOULT_TRY(await_application());
  MOULT_ASSIGN(tunnel_, Tunnel::open({setup_.target, 0, setup_.source, setup_.set.port}));
  carried_ = 0;
  return {};
}

Result<> ReplicationStrategy::follow() {
  MOULT_TRY(open_tunnel());
  MOULT_ASSIGN(auto target, side(setup_.target));
  auto followed = target.follow(tunnel_->port());
  const auto trouble = followed ? std::nullopt : tunnel_->trouble();
  if (trouble) followed.error().message += "; the tunnel: " + trouble->describe();
  return followed;
}

Result<RoundReport> ReplicationStrategy::round() {
  const auto begin = clock_.steady();
  MOULT_TRY(follow());
  const auto carried = tunnel_->bytes();
  RoundReport report;
  report.number = ++rounds_;
  report.bytes = carried - std::exchange(carried_, carried);
  report.paths = report.bytes > 0 ? 1 : 0;
  report.took = std::chrono::duration_cast<Millis>(clock_.steady() - begin);
  last_ = {report.paths, report.bytes, false};
  return report;
}

/// The source's application is out of reach from here on.
Result<> ReplicationStrategy::promote() {
  MOULT_ASSIGN(auto target, side(setup_.target));
  MOULT_TRY(target.promote());
  tunnel_.reset();
  return {};
}

Result<> ReplicationStrategy::close_target() {
  tunnel_.reset();
  return {};
}

Result<> ReplicationStrategy::save_target() { return close_target(); }

void ReplicationStrategy::let_go() { tunnel_.reset(); }

}  // namespace moult
