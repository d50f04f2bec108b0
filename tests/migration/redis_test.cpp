// Two real Redis servers, each in a network of its own with the real helper: what samples/sessions says of them holds.
#include <future>

#include "redis_machine.hpp"

using namespace moult;
using namespace moult::test;

namespace {

struct Pair {
  RedisMachine original, clone;
  std::unique_ptr<Clock> clock = make_system_clock();
  std::string log = original.dir() + "/clients";

  Pair() { std::filesystem::create_directory(log); }
  ReplicationStrategy there() { return {setup_of(original, clone), *clock}; }
  ReplicationStrategy back() { return {setup_of(clone, original, true), *clock}; }
  /// Both serve the same at first, and the original's clients write on.
  std::unique_ptr<Sessions> cloned() {
    original.start();
    original.redis("SET before 1");
    auto clients = std::make_unique<Sessions>(original, log);
    clients->await(5);
    clone.start_as_clone_of(original);
    return clients;
  }
  /// Every acknowledged entry is there once, and counted once.
  void check_all_there(const RedisMachine& machine) const {
    std::set<std::string> present;
    std::istringstream text(machine.redis("LRANGE log 0 -1"));
    std::size_t entries = 0;
    for (std::string line; std::getline(text, line); ++entries) present.insert(line);
    CHECK(present.size() == entries);
    CHECK(machine.redis("GET entries") == std::to_string(entries));
    std::size_t lost = 0;
    for (const auto& entry : Sessions::acknowledged(log)) lost += present.count(entry) == 0 ? 1U : 0U;
    CHECK(lost == 0);
    CHECK(machine.redis("GET before") == "1");
  }
};

bool takes_writes(const RedisMachine& machine) {
  return machine.run("timeout 0.5 redis-cli -e SET probe x").first == 0;
}

/// From the fence to the promotion: then the source's clients are gone.
void change_over(ReplicationStrategy& way, const RedisMachine& source, const RedisMachine& target,
                 std::unique_ptr<Sessions>& clients) {
  GOOD(way.thorough_round());
  GOOD(way.fence(Millis{20000}));
  CHECK_FALSE(takes_writes(source));
  GOOD(way.last_round());
  const auto verdict = way.verify();
  REQUIRE(verdict);
  CHECK(verdict->equal);
  CHECK(verdict->source.size() == 40);
  GOOD(way.make_durable());
  CHECK_FALSE(takes_writes(target));
  GOOD(way.promote());
  CHECK(takes_writes(target));
  clients.reset();  // as behind the seal: nobody hears of what waited
  const auto held = way.unfence();
  REQUIRE(held);
  CHECK(*held);
}

}  // namespace

TEST_CASE("a Redis is carried there and back under writes, and no acknowledged one is lost or doubled") {
  Pair pair;
  auto clients = pair.cloned();
  auto there = pair.there();
  GOOD(there.start_capture());
  for (int i = 0; i < 3; ++i) {
    GOOD(there.round());
    clients->await(5);
  }
  CHECK(there.round()->bytes > 0);
  change_over(there, pair.original, pair.clone, clients);
  pair.check_all_there(pair.clone);

  pair.original.redis("SET never-acknowledged x");
  clients = std::make_unique<Sessions>(pair.clone, pair.log);
  clients->await(20);
  auto back = pair.back();
  change_over(back, pair.clone, pair.original, clients);
  pair.check_all_there(pair.original);
  CHECK(pair.original.redis("EXISTS never-acknowledged") == "0");
  GOOD(there.stop_capture());
  CHECK_FALSE(std::filesystem::exists(pair.original.dir() + "/state"));
}

TEST_CASE("a cutover that is given up after the promotion: the clone follows again, and what it was given gives way") {
  Pair pair;
  auto clients = pair.cloned();
  auto there = pair.there();
  GOOD(there.round());
  GOOD(there.fence(Millis{20000}));
  GOOD(there.last_round());
  GOOD(there.promote());
  pair.clone.redis("SET stray x");
  CHECK(*there.unfence());
  clients->await(10);
  change_over(there, pair.original, pair.clone, clients);
  pair.check_all_there(pair.clone);
  CHECK(pair.clone.redis("EXISTS stray") == "0");
}

TEST_CASE("what is on the clone's disk after the promotion is all, though Redis dies with it") {
  Pair pair;
  auto clients = pair.cloned();
  auto there = pair.there();
  change_over(there, pair.original, pair.clone, clients);
  pair.clone.stop();
  pair.clone.start();
  pair.check_all_there(pair.clone);
}

TEST_CASE("a helper, a `follow` or moult that dies costs a round at most, and no second copy of the data") {
  Pair pair;
  auto clients = pair.cloned();
  auto there = std::make_unique<ReplicationStrategy>(setup_of(pair.original, pair.clone), *pair.clock);
  GOOD(there->round());
  SECTION("the original's helper") { pair.original.helper().kill(); }
  SECTION("the clone's helper, while `follow` waits") {
    pair.original.signal(SIGSTOP);
    auto waiting = std::async(std::launch::async, [&] { return there->round(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    pair.clone.helper().kill();
    CHECK_FALSE(waiting.get());
    pair.original.signal(SIGCONT);
  }
  std::future<Result<>> left;
  SECTION("moult, while `follow` waits for a tunnel that is no more") {
    left = std::async(std::launch::async, [&] {
      const auto set = setup_of(pair.original, pair.clone).set;
      return HookSide(set, pair.clone.session().access()).follow(1);
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK(pair.clone.redis("ROLE").find("connected") == std::string::npos);
  }
  SECTION("moult: the next one's tunnel has another port") {
    there = std::make_unique<ReplicationStrategy>(setup_of(pair.original, pair.clone), *pair.clock);
    GOOD(there->take_up());
  }
  clients->await(5);
  static_cast<void>(there->round());
  if (left.valid()) {
    REQUIRE(left.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
    CHECK_FALSE(left.get());
  }
  change_over(*there, pair.original, pair.clone, clients);
  pair.check_all_there(pair.clone);
  CHECK(pair.original.run("redis-cli INFO stats | grep ^sync_full").second.starts_with("sync_full:1"));
}

TEST_CASE("a fence that ended by itself, or with a restart of Redis, is known not to have held") {
  Pair pair;
  auto clients = pair.cloned();
  auto there = pair.there();
  SECTION("its lease was over") {
    GOOD(there.fence(Millis{1500}));
    clients->await(2);
  }
  SECTION("Redis was started anew, and forgot it") {
    GOOD(there.fence(Millis{20000}));
    pair.original.stop();
    pair.original.start();
    clients->await(2);
  }
  const auto held = there.unfence();
  REQUIRE(held);
  CHECK_FALSE(*held);
}

TEST_CASE("an application that is not there, on either side, is named with its port") {
  Pair pair;
  auto setup = setup_of(pair.original, pair.clone);
  setup.set.timeout = Millis{2000};
  ReplicationStrategy there(setup, *pair.clock);
  auto round = there.round();
  REQUIRE_FALSE(round);
  CHECK_THAT(round.error().describe(), Catch::Contains("127.0.0.1:6379"));
  pair.clone.start();
  round = there.round();
  REQUIRE_FALSE(round);
  CHECK(round.error().code == Code::timeout);
  CHECK_THAT(round.error().describe(), Catch::Contains("hook follow did not end within 2.000 s") &&
                                           Catch::Contains("the tunnel: ") && Catch::Contains("127.0.0.1:6379"));
}
