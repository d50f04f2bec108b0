#include "migration/postgresql_strategy.hpp"

#include <fmt/format.h>

#include <thread>

#include "descriptors/base/digest.hpp"
#include "migration/postgresql/catalog.hpp"
#include "migration/postgresql/digests.hpp"
#include "migration/postgresql/fence.hpp"
#include "migration/postgresql/problems.hpp"
#include "migration/postgresql/psql_pool.hpp"
#include "migration/postgresql/source.hpp"
#include "migration/postgresql/target.hpp"
#include "migration/postgresql/traces.hpp"
#include "migration/tunnel.hpp"

namespace moult {
namespace {

using postgresql::Names;
using postgresql::Psql;
using postgresql::PsqlPool;
using postgresql::Row;

constexpr Millis kSlice{2'000};  // how long one look at the marker lasts
constexpr Millis kDigests{600'000};
constexpr std::uint64_t kPage = 8192;

std::string joined_lines(const std::vector<Row>& rows) {
  std::string out;
  for (const auto& row : rows) {
    for (const auto& field : row) out += field + " ";
    out += "\n";
  }
  return out;
}

std::string differing(const std::vector<Row>& here, const std::vector<Row>& there) {
  std::string names;
  for (std::size_t i = 0; i < here.size() && names.size() < 200; ++i)
    if (i >= there.size() || here[i] != there[i]) names += (names.empty() ? " (differs in " : ", ") + here[i].front();
  return names.empty() ? names : names + ")";
}

}  // namespace

struct PostgresqlStrategy::Fence {
  std::unique_ptr<postgresql::Fence> sessions;
};

/// Both clusters, as long as their sessions are.
class PostgresqlStrategy::Sides {
 public:
  Sides(const Setup& setup, Psql source_side, Psql target_side)
      : names(setup.forward),
        back(!setup.forward),
        source_psql(std::move(source_side)),
        target_psql(std::move(target_side)),
        source(source_psql, setup.data, names, setup.forward),
        target(target_psql, setup.data, names) {}
  Names names, back;
  Psql source_psql, target_psql;
  postgresql::Source source;
  postgresql::Target target;
};

PostgresqlStrategy::PostgresqlStrategy(Setup setup, Clock& clock) : setup_(std::move(setup)), clock_(clock) {}

PostgresqlStrategy::~PostgresqlStrategy() = default;

Error PostgresqlStrategy::about(Error error) const {
  error.within("data set " + setup_.name);
  return error;
}

Result<Psql> PostgresqlStrategy::psql_of(const SessionOf& side, std::shared_ptr<PsqlPool>& pool) {
  MOULT_ASSIGN(GuestSession * session, side());
  if (!pool || !pool->serves(*session)) pool = std::make_shared<PsqlPool>(*session, setup_.data);
  return Psql(session->access(), setup_.data, pool);
}

Result<PostgresqlStrategy::Sides> PostgresqlStrategy::sides() {
  MOULT_ASSIGN(auto source, psql_of(setup_.source, source_pool_));
  MOULT_ASSIGN(auto target, psql_of(setup_.target, target_pool_));
  Sides both(setup_, std::move(source), std::move(target));
  if (databases_.empty()) {
    MOULT_ASSIGN(databases_, postgresql::databases_of(both.source_psql, setup_.data));
  }
  return both;
}

/// What the cutover asks while clients wait finds its sessions begun: one for each database, and one for its fence. A
/// session that cannot be had is known here, before anybody waits.
Result<> PostgresqlStrategy::warm() {
  constexpr std::size_t kWithFence = 2;
  MOULT_TRY(source_pool_->warm("postgres", 1));
  for (const auto& database : databases_) {
    MOULT_TRY(source_pool_->warm(database, kWithFence));
    MOULT_TRY(target_pool_->warm(database, 1));
  }
  return {};
}

/// An update on the clone may have given its tables another form.
Result<> PostgresqlStrategy::check_columns(const Psql& source) {
  MOULT_ASSIGN(const auto target, psql_of(setup_.target, target_pool_));
  for (const auto& database : databases_)
    if (auto same = postgresql::refuse_other_columns(source, target, database); !same)
      return Unexpected(about(std::move(same).error()));
  return {};
}

/// The other side may not be there yet.
Result<> PostgresqlStrategy::start_capture() {
  if (setup_.one_way) return {};
  MOULT_ASSIGN(const auto psql, psql_of(setup_.source, source_pool_));
  MOULT_ASSIGN(databases_, postgresql::databases_of(psql, setup_.data));
  if (!setup_.forward) MOULT_TRY(check_columns(psql));
  auto started = postgresql::Source(psql, setup_.data, Names(setup_.forward), setup_.forward).start(databases_);
  if (!started) return Unexpected(about(std::move(started).error()));
  return {};
}

Result<bool> PostgresqlStrategy::keep_capture() {
  MOULT_ASSIGN(auto both, sides());
  MOULT_TRY(both.source.check(databases_));
  MOULT_TRY(learn_digests(both));
  return false;
}

Result<> PostgresqlStrategy::open_target() {
  if (setup_.forward) {
    MOULT_ASSIGN(auto psql, psql_of(setup_.target, target_pool_));
    MOULT_TRY(postgresql::Target(std::move(psql), setup_.data, Names(true)).await(setup_.boot));
    MOULT_ASSIGN(auto both, sides());
    MOULT_TRY(both.target.settle(databases_));
    first_look_ = tunnel_ == nullptr && rounds_ == 0;
    return {};
  }
  MOULT_ASSIGN(auto both, sides());
  return attach(both);
}

Result<> PostgresqlStrategy::close_target() {
  if (setup_.one_way) return {};
  tunnel_.reset();
  MOULT_ASSIGN(auto both, sides());
  for (const auto& database : databases_)
    MOULT_TRY(postgresql::drop_subscription(both.target_psql, database, both.names));
  return {};
}

Result<> PostgresqlStrategy::save_target() {
  tunnel_.reset();
  target_pool_.reset();
  return {};
}

/// By a psql of its own: the next component's update may be the cluster's, and nobody of ours stands in its way.
Result<> PostgresqlStrategy::restore_target() {
  MOULT_ASSIGN(GuestSession * session, setup_.target());
  return postgresql::Target(Psql(session->access(), setup_.data), setup_.data, Names(setup_.forward))
      .await(setup_.boot);
}

Result<> PostgresqlStrategy::take_up() {
  first_look_ = false;
  MOULT_ASSIGN(auto both, sides());
  return both.source.check(databases_);
}

/// The subscriptions run, through a tunnel of this process.
Result<> PostgresqlStrategy::attach(Sides& both) {
  if (tunnel_ && !closed_) return {};
  tunnel_.reset();
  MOULT_ASSIGN(auto tunnel, Tunnel::open({setup_.target, 0, setup_.source, setup_.data.port}));
  MOULT_ASSIGN(const auto password, both.source.renew_password(databases_));
  for (const auto& database : databases_) {
    // The clone knows where its own data ends; for the way back, the side that serves knows where clients began.
    MOULT_ASSIGN(const auto from,
                 setup_.forward
                     ? both.target.recovered_to(database)
                     : both.source_psql.value(database, postgresql::get_state(start_key(both.names)), Millis{20'000}));
    if (from.empty())
      return fail(Code::conflict, "database " + database + " does not say where its changes begin", "Start again.");
    MOULT_TRY(both.target.attach(database, tunnel->port(), password, from));
  }
  tunnel_ = std::move(tunnel);
  closed_ = false;
  return {};
}

Result<> PostgresqlStrategy::await_mark(Sides& both, const std::string& database, const std::string& value) {
  auto moved = clock_.steady();
  std::string received;
  for (;;) {
    MOULT_ASSIGN(const auto progress, both.target.await_mark(database, value, kSlice));
    if (progress.arrived) return {};
    const auto now = clock_.steady();
    if (progress.received != received) {
      received = progress.received;
      moved = now;
    }
    if (now - moved < setup_.standstill) continue;
    std::string why = received.empty() ? "no worker runs" : "nothing comes in any more";
    if (const auto trouble = tunnel_ ? tunnel_->trouble() : std::nullopt) why += "; the tunnel: " + trouble->describe();
    return fail(Code::timeout, "database " + database + " does not replicate: " + why,
                "PostgreSQL's own log on the receiving side names the cause.");
  }
}

Result<RoundReport> PostgresqlStrategy::carry(bool last) {
  const auto begin = clock_.steady();
  MOULT_ASSIGN(auto both, sides());
  RoundReport report;
  if (!first_look_) MOULT_TRY(attach(both));
  for (const auto& database : databases_) {
    MOULT_ASSIGN(const auto mark, both.source.mark(database, last));
    auto& before = marked_[database];
    if (before != 0 && mark.lsn > before) report.bytes = std::max(report.bytes, mark.lsn - before);
    before = mark.lsn;
    if (first_look_) continue;
    MOULT_TRY(await_mark(both, database, mark.value));
    if (!last) continue;
    closed_ = true;
    MOULT_TRY(both.target.close(database, mark.sequences, both.back));
  }
  if (first_look_) target_pool_.reset();  // nobody of ours stands in the way of its update
  first_look_ = false;
  report.number = ++rounds_;
  report.paths = report.bytes / kPage;
  report.took = std::chrono::duration_cast<Millis>(clock_.steady() - begin);
  return report;
}

Result<RoundReport> PostgresqlStrategy::round() {
  auto report = carry(false);
  if (!report) return Unexpected(about(std::move(report).error()));
  return report;
}

/// Looks again for what stands in the way: another database, a large object. A peak of clients' sessions is waited out
/// where that is no rollback; one that lasts does not end hours of work as long as the run gets the sessions it needs.
Result<> PostgresqlStrategy::look_again() {
  MOULT_ASSIGN(auto both, sides());
  const auto look = setup_.forward ? postgresql::problems_beyond_a_peak : postgresql::problems_of;
  MOULT_ASSIGN(const auto problems, look(both.source_psql, setup_.data).map(postgresql::lasting));
  if (!problems.empty()) return Unexpected(problems.front());
  MOULT_TRY(learn_digests(both));
  return warm();
}

Result<RoundReport> PostgresqlStrategy::thorough_round() {
  if (auto looked = look_again(); !looked) return Unexpected(about(std::move(looked).error()));
  return round();
}

Result<RoundReport> PostgresqlStrategy::last_round() {
  auto report = carry(true);
  if (!report) return Unexpected(about(std::move(report).error()));
  return report;
}

Result<Pending> PostgresqlStrategy::pending() {
  if (setup_.one_way)
    return fail(Code::refused, "data set " + name() + ": nothing notices what is written, for `reverse` is none");
  MOULT_ASSIGN(auto both, sides());
  MOULT_ASSIGN(const auto behind, both.source.behind());
  return Pending{behind / kPage, behind, false};
}

Result<> PostgresqlStrategy::fence(Millis ttl) {
  if (fence_) MOULT_TRY(unfence());
  MOULT_ASSIGN(auto both, sides());
  auto sessions = postgresql::Fence::set(both.source_psql, both.names.fence(), databases_, ttl);
  if (!sessions) return Unexpected(about(std::move(sessions).error()));
  sealed_ = false;
  fence_ = std::make_unique<Fence>(Fence{std::move(*sessions)});
  return {};
}

/// The attempt is over: rounds begin the sessions that they need, and the rest is the clients' again.
Result<bool> PostgresqlStrategy::unfence() {
  Result<bool> held = true;
  if (fence_) held = fence_->sessions->lift(sealed_);
  if (held) fence_.reset();
  for (const auto& pool : {source_pool_, target_pool_})
    if (pool) pool->close_idle();
  return held;
}

/// The log is the whole cluster's.
Result<> PostgresqlStrategy::make_durable() {
  MOULT_ASSIGN(auto both, sides());
  return both.target.make_durable(databases_.front());
}

Result<> PostgresqlStrategy::learn_digests(Sides& both) {
  for (const auto& database : databases_) {
    MOULT_ASSIGN(digests_[database], postgresql::digest_queries(both.source_psql, database));
  }
  return {};
}

Result<Verification> PostgresqlStrategy::verify() {
  MOULT_ASSIGN(auto both, sides());
  if (digests_.empty()) MOULT_TRY(learn_digests(both));
  Verification verdict;
  verdict.equal = true;
  std::string here, there, what;
  for (const auto& database : databases_) {
    Result<std::vector<Row>> target;
    std::thread other([&] { target = both.target_psql.rows(database, digests_[database], kDigests); });
    auto source = both.source_psql.rows(database, digests_[database], kDigests);
    other.join();
    if (!source) return Unexpected(about(std::move(source).error()));
    if (!target) return Unexpected(about(std::move(target).error()));
    here += joined_lines(*source);
    there += joined_lines(*target);
    what += differing(*source, *target);
    verdict.equal = verdict.equal && *source == *target;
  }
  verdict.source = sha256_hex(here);
  verdict.target = sha256_hex(there) + what;
  return verdict;
}

/// Of this direction and of the other one: the source is the side that stays.
Result<> PostgresqlStrategy::stop_capture() {
  let_go();
  MOULT_ASSIGN(const auto psql, psql_of(setup_.source, source_pool_));
  auto databases = postgresql::databases_of(psql, setup_.data);
  auto gone = databases ? postgresql::leave_no_trace(psql, *databases) : pass(std::move(databases));
  source_pool_.reset();
  if (gone) return {};
  gone.error().remedy =
      "By hand, in each database: drop the replication slots, subscriptions and publications named "
      "moult_*, the schema moult_native and the roles moult_*. A slot that stays keeps PostgreSQL's log for ever.";
  return Unexpected(about(std::move(gone).error()));
}

void PostgresqlStrategy::source_sealed() {
  sealed_ = true;
  tunnel_.reset();
}

void PostgresqlStrategy::let_go() {
  tunnel_.reset();
  fence_.reset();
  source_pool_.reset();
  target_pool_.reset();
}

}  // namespace moult
