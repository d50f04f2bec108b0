// Two real clusters, each in namespaces of its own with a real helper; the clone's begins as a copy of the original's
// frozen disk. Clients write all the time, and keep a log of what was acknowledged to them.
#include "migration/postgresql/target.hpp"
#include "postgresql_clients.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

void await(PostgresqlStrategy& set) {
  for (int i = 0; i < 3; ++i) GOOD(set.round());
}

/// Under the fence: the last round, the comparison, and the end of this direction. True: the fence held throughout.
void cut_over(PostgresqlStrategy& set, PostgresqlMachine& from, PostgresqlMachine& to, Clients& clients,
              std::set<std::string>& acknowledged) {
  GOOD(set.thorough_round());
  const auto begin = std::chrono::steady_clock::now();
  GOOD(set.fence(120s));
  const auto fenced = std::chrono::steady_clock::now();
  GOOD(set.last_round());
  const auto last = std::chrono::steady_clock::now();
  auto verdict = set.verify();
  const auto verified = std::chrono::steady_clock::now();
  GOOD(verdict);
  INFO(verdict->source << " " << verdict->target);
  CHECK(verdict->equal);
  GOOD(set.make_durable());
  std::printf("fence %lld ms, last round %lld ms, verify %lld ms\n", static_cast<long long>((fenced - begin) / 1ms),
              static_cast<long long>((last - fenced) / 1ms), static_cast<long long>((verified - last) / 1ms));
  const auto here = balances(from), there = balances(to);
  CHECK(here == there);
  check_balanced(there);
  for (const auto& number : clients.end()) acknowledged.insert(number);
  set.source_sealed();
  const auto held = set.unfence();
  GOOD(held);
  CHECK(*held);
  check_all_there(to, acknowledged);
  CHECK(balances(from) == here);  // who waited at the fence was turned away
}

/// The run's own sessions that a cluster has; those that were let go of end a moment later.
bool no_session_stays(PostgresqlMachine& machine) {
  for (int i = 0; i < 100; ++i) {
    if (machine.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'moult_psql'") == "0") return true;
    std::this_thread::sleep_for(100ms);
  }
  return false;
}

/// Up to the last round, then clients go on.
void give_up(PostgresqlStrategy& set) {
  GOOD(set.thorough_round());
  GOOD(set.fence(120s));
  GOOD(set.last_round());
  const auto held = set.unfence();
  GOOD(held);
  CHECK(*held);
}

void check_no_traces(PostgresqlMachine& machine) {
  CHECK(
      machine.sql("SELECT (SELECT count(*) FROM pg_replication_slots), (SELECT count(*) FROM pg_publication), (SELECT "
                  "count(*) FROM pg_subscription), (SELECT count(*) FROM pg_roles WHERE rolname ~ '^moult'), (SELECT "
                  "count(*) FROM pg_namespace WHERE nspname ~ '^moult'), (SELECT count(*) FROM "
                  "pg_replication_origin)") == "0|0|0|0|0|0");
}

}  // namespace

TEST_CASE("under load every acknowledged commit is on the clone once, and after a way back on the original") {
  Images images;
  PostgresqlMachine original(images.original());
  original.make_cluster();
  make_schema(original);
  const auto system_clock = make_system_clock();
  auto& clock = *system_clock;
  std::set<std::string> acknowledged;
  auto clients = std::make_unique<Clients>(original, "original");
  std::this_thread::sleep_for(2s);
  PostgresqlMachine clone(images.clone());
  auto first = strategy(original, clone, true, clock);
  GOOD(first.start_capture());
  std::this_thread::sleep_for(1s);
  images.snapshot(original);
  clone.remove_stale_pid();
  clone.start();
  GOOD(first.open_target());
  GOOD(first.round());
  CHECK(clone.sql("SELECT count(*) FROM pg_subscription") == "0");  // first its update, then changes
  GOOD(first.save_target());
  GOOD(first.restore_target());
  CHECK(no_session_stays(clone));
  GOOD(first.open_target());
  std::this_thread::sleep_for(1s);
  await(first);
  give_up(first);
  CHECK(no_session_stays(original));
  CHECK(no_session_stays(clone));
  await(first);
  first.let_go();
  // Another process takes the run up.
  auto there = strategy(original, clone, true, clock), back = strategy(clone, original, false, clock);
  GOOD(there.take_up());
  await(there);
  GOOD(back.close_target());
  GOOD(back.start_capture());
  cut_over(there, original, clone, *clients, acknowledged);
  // The clone serves.
  clients = std::make_unique<Clients>(clone, "clone");
  GOOD(back.open_target());
  std::this_thread::sleep_for(3s);
  await(back);
  cut_over(back, clone, original, *clients, acknowledged);
  GOOD(there.stop_capture());
  check_no_traces(original);
  GOOD(back.stop_capture());
  check_no_traces(clone);
}

TEST_CASE(
    "clients' many sessions keep no cutover from being prepared, as long as the run gets its own before anybody "
    "waits") {
  Images images;
  PostgresqlMachine original(images.original());
  original.make_cluster();
  make_schema(original);
  original.sql("ALTER SYSTEM SET max_connections = 12; ALTER SYSTEM SET max_wal_senders = 4");
  original.restart();
  const auto system_clock = make_system_clock();
  PostgresqlMachine clone(images.clone());
  auto there = strategy(original, clone, true, *system_clock);
  GOOD(there.start_capture());
  images.snapshot(original);
  clone.remove_stale_pid();
  clone.start();
  GOOD(there.open_target());
  GOOD(there.round());
  GOOD(there.open_target());
  await(there);
  original.occupy_sessions(20);
  const auto full = there.thorough_round();
  REQUIRE_FALSE(full);
  CHECK_THAT(full.error().describe(), Catch::Contains("data set db.main") && Catch::Contains("too many clients"));
  original.free_sessions();
  original.occupy_sessions(6);
  GOOD(there.thorough_round());
  GOOD(there.fence(120s));
  GOOD(there.last_round());
  CHECK(*there.unfence());
  original.free_sessions();
}

TEST_CASE("wherever the snapshot falls in the log, nothing is missing and nothing comes twice") {
  Images images;
  PostgresqlMachine original(images.original());
  original.make_cluster();
  make_schema(original);
  const auto system_clock = make_system_clock();
  auto& clock = *system_clock;
  Clients clients(original, "original");
  std::set<std::string> acknowledged;
  constexpr int kClones = 4;
  for (int i = 0; i < kClones; ++i) {
    PostgresqlMachine clone(images.clone());
    auto there = strategy(original, clone, true, clock);
    GOOD(there.start_capture());
    std::this_thread::sleep_for(std::chrono::milliseconds(137 * (i + 1)));
    images.snapshot(original);
    clone.remove_stale_pid();
    clone.start();
    GOOD(there.open_target());
    GOOD(there.round());
    GOOD(there.round());
    GOOD(there.fence(120s));
    GOOD(there.last_round());
    const auto verdict = there.verify();
    GOOD(verdict);
    INFO(i << ": " << verdict->source << " " << verdict->target);
    CHECK(verdict->equal);
    check_balanced(balances(clone));
    CHECK(balances(original) == balances(clone));
    CHECK(*there.unfence());
    GOOD(there.stop_capture());
  }
  clients.end();
}

TEST_CASE("the record before another is read from pg_waldump's line") {
  const auto previous = postgresql::previous_record(
      "rmgr: XLOG        len (rec/tot):    114/   114, tx:          0, lsn: 0/0197C0A8, prev 0/0197C070, desc: "
      "CHECKPOINT_SHUTDOWN redo 0/197C0A8; tli 1");
  REQUIRE(previous);
  CHECK(*previous == "0/0197C070");
  CHECK_FALSE(postgresql::previous_record("pg_waldump: fatal"));
}
