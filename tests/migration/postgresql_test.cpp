// Two real clusters, each in namespaces of its own with a real helper; the clone's begins as a copy of the original's
// frozen disk. Clients write all the time, and keep a log of what was acknowledged to them.
#include <future>
#include <set>
#include <sstream>

#include "migration/postgresql/target.hpp"
#include "migration/postgresql_strategy.hpp"
#include "postgresql_machine.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

bool possible() {
  if (::geteuid() != 0 || PostgresqlMachine::bin_dir().empty()) return false;
  return std::system(
             "unshare --net --mount --pid --fork --mount-proc true 2>/dev/null && losetup -f >/dev/null 2>&1") == 0;
}

#define NEEDS_POSTGRESQL                                                              \
  if (!possible()) {                                                                  \
    WARN("skipped: needs root, namespaces, loop devices and the package postgresql"); \
    return;                                                                           \
  }

/// pgbench with four clients, and one that inserts numbers and notes those that were acknowledged.
class Clients {
 public:
  Clients(PostgresqlMachine& machine, std::string way) : machine_(machine), way_(std::move(way)) {
    bench_ = std::async(std::launch::async, [this] {
      return machine_.try_shell("cd /tmp && echo $$ > /run/postgresql/bench.pid && exec runuser -u postgres -- " +
                                    PostgresqlMachine::bin_dir() +
                                    "/pgbench -n -c 4 -j 2 -T 3000 bench >/dev/null 2>&1",
                                Millis{900'000});
    });
    log_ = std::async(std::launch::async, [this] {
      return machine_.try_shell(
          "cd / && : > /run/postgresql/acked && touch /run/postgresql/go && while [ -e /run/postgresql/go ]; do "
          "runuser "
          "-u postgres -- psql -XAtq -d bench -c \"INSERT INTO commits (way) VALUES ('" +
              way_ + "') RETURNING n\" >> /run/postgresql/acked 2>/run/postgresql/refused || true; done",
          Millis{900'000});
    });
  }
  /// Ends them, whatever they wait for; what was acknowledged.
  std::set<std::string> end() {
    machine_.shell("rm -f /run/postgresql/go; pkill -KILL -x pgbench; pkill -KILL -f '[I]NSERT INTO commits' ; true");
    bench_.wait();
    log_.wait();
    std::set<std::string> numbers;
    std::istringstream text(machine_.shell("cat /run/postgresql/acked"));
    for (std::string line; std::getline(text, line);)
      if (!line.empty()) numbers.insert(line);
    return numbers;
  }

 private:
  PostgresqlMachine& machine_;
  std::string way_;
  std::future<Result<Outcome>> bench_, log_;
};

void make_schema(PostgresqlMachine& machine) {
  machine.sql("CREATE DATABASE bench", "postgres");
  machine.shell(PostgresqlMachine::as("pgbench -i -q -s 2 bench 2>/dev/null"));
  machine.sql("CREATE TABLE commits (n serial PRIMARY KEY, way text NOT NULL, at timestamptz DEFAULT now())");
}

PostgresqlData data() {
  PostgresqlData data;
  data.insert_only = {"public.pgbench_history"};
  return data;
}

PostgresqlStrategy strategy(PostgresqlMachine& source, PostgresqlMachine& target, bool forward, Clock& clock) {
  PostgresqlStrategy::Setup setup;
  setup.name = "db.main";
  setup.data = data();
  setup.source = [&source]() -> Result<GuestSession*> { return &source.session(); };
  setup.target = [&target]() -> Result<GuestSession*> { return &target.session(); };
  setup.forward = forward;
  return {std::move(setup), clock};
}

/// What must be equal in every state that a client may see: pgbench changes all four by the same amount.
std::string balances(PostgresqlMachine& machine) {
  return machine.sql(
      "SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(bbalance) FROM pgbench_branches), (SELECT "
      "sum(tbalance) FROM pgbench_tellers), (SELECT coalesce(sum(delta), 0) FROM pgbench_history), (SELECT count(*) "
      "FROM "
      "pgbench_history), (SELECT count(*) FROM commits)");
}

void check_balanced(const std::string& text) {
  INFO(text);
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, '|');) parts.push_back(part);
  REQUIRE(parts.size() == 6);
  CHECK(parts[0] == parts[1]);
  CHECK(parts[1] == parts[2]);
  CHECK(parts[2] == parts[3]);
}

void check_all_there(PostgresqlMachine& machine, const std::set<std::string>& acknowledged) {
  std::set<std::string> present;
  std::istringstream text(machine.sql("SELECT n FROM commits"));
  std::size_t rows = 0;
  for (std::string line; std::getline(text, line); ++rows) present.insert(line);
  CHECK(rows == present.size());
  std::size_t lost = 0;
  for (const auto& number : acknowledged) lost += present.count(number) == 0 ? 1U : 0U;
  CHECK(lost == 0);
  CHECK_FALSE(acknowledged.empty());
}

#define GOOD(expression)                                         \
  do {                                                           \
    auto good_result_ = (expression);                            \
    INFO((good_result_ ? "" : good_result_.error().describe())); \
    REQUIRE(good_result_.has_value());                           \
  } while (false)

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
  const auto held = set.unfence();
  GOOD(held);
  CHECK(*held);
  check_all_there(to, acknowledged);
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
  NEEDS_POSTGRESQL
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
  auto there = strategy(original, clone, true, clock), back = strategy(clone, original, false, clock);
  GOOD(there.start_capture());
  std::this_thread::sleep_for(1s);
  images.snapshot(original);
  clone.remove_stale_pid();
  clone.start();
  GOOD(there.open_target());
  GOOD(there.round());
  CHECK(clone.sql("SELECT count(*) FROM pg_subscription") == "0");  // first its update, then changes
  GOOD(there.open_target());
  std::this_thread::sleep_for(1s);
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
  GOOD(back.release_target());
  GOOD(there.release_source());
  check_no_traces(original);
  GOOD(there.release_target());
  GOOD(back.release_source());
  check_no_traces(clone);
}

TEST_CASE("wherever the snapshot falls in the log, nothing is missing and nothing comes twice") {
  NEEDS_POSTGRESQL
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
    GOOD(there.release_source());
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
