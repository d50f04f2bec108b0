#include <httplib.h>

#include <future>
#include <thread>

#include "catch.hpp"
#include "haproxy_world.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

TEST_CASE("while held, new requests wait and are answered after the release") {
  HaproxyWorld world;
  auto entry = world.entry();
  REQUIRE(entry->hold(5s));
  CHECK(entry->where()->holding);
  const int before = world.a.requests();
  auto waiting = std::async(std::launch::async, [] { return get(); });
  CHECK(waiting.wait_for(200ms) == std::future_status::timeout);
  CHECK(world.a.requests() == before);
  REQUIRE(entry->release());
  const auto answer = waiting.get();
  CHECK(answer.status == 200);
  CHECK(answer.took >= 100ms);
  CHECK(answer.took < 3s);
  CHECK_FALSE(entry->where()->holding);
}

TEST_CASE("a request on a kept-alive connection waits as well") {
  HaproxyWorld world;
  auto entry = world.entry();
  httplib::Client client(HaproxyWorld::kHost, HaproxyWorld::kPort);
  client.set_keep_alive(true);
  REQUIRE(client.Get("/"));
  REQUIRE(entry->hold(5s));
  auto waiting = std::async(std::launch::async, [&] { return client.Get("/"); });
  CHECK(waiting.wait_for(150ms) == std::future_status::timeout);
  REQUIRE(entry->release());
  const auto answer = waiting.get();
  REQUIRE(answer);
  CHECK(answer->status == 200);
}

TEST_CASE("a hold that nobody ends lets go after its time to live") {
  HaproxyWorld world;
  auto entry = world.entry();
  REQUIRE(entry->hold(300ms));
  const auto answer = get();
  CHECK(answer.status == 200);
  CHECK(answer.took >= 100ms);
  CHECK(answer.took < 3s);
  CHECK_FALSE(entry->where()->holding);
}

TEST_CASE("a hold counts by HAProxy's clock, whatever this host's says") {
  for (const char* off_by : {"-1d", "+1d"}) {
    HaproxyOptions options;
    options.clock = off_by;
    HaproxyWorld world(options);
    auto entry = world.entry();
    REQUIRE(entry->hold(1s));
    CHECK(entry->where()->holding);
    const auto answer = get();
    CHECK(answer.status == 200);
    CHECK(answer.took >= 500ms);
    CHECK(answer.took < 3s);
    CHECK_FALSE(entry->where()->holding);
  }
}

TEST_CASE("a repeated hold renews the time to live, also from another process's entry") {
  HaproxyWorld world;
  REQUIRE(world.entry()->hold(1s));
  auto waiting = std::async(std::launch::async, [] { return get(); });
  std::this_thread::sleep_for(100ms);
  REQUIRE(world.entry()->hold(2s));
  const auto answer = waiting.get();
  CHECK(answer.took >= 1500ms);
  CHECK(answer.took < 3s);
}

TEST_CASE("a hold longer than the configured upper bound is refused, and no wait is longer, whoever asks for it") {
  HaproxyWorld world({.max_ms = 200});
  auto entry = world.entry();
  CHECK(entry->ready(200ms));
  for (const auto& refused : {entry->ready(201ms), entry->hold(10s)}) {
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::refused);
    CHECK(refused.error().message.find("longer than 200 ms") != std::string::npos);
  }
  CHECK_FALSE(entry->where()->holding);
  (void)world.ask("add map " + world.spec().map + " notes 99999999999999");
  const auto answer = get();
  CHECK(answer.status == 200);
  CHECK(answer.took >= 60ms);
  CHECK(answer.took < 5s);
}

TEST_CASE("a wait longer than HAProxy's Lua timeout of 4 s is still only a wait") {
  HaproxyWorld world;
  auto entry = world.entry();
  REQUIRE(entry->hold(4500ms));
  const auto answer = get();
  CHECK(answer.status == 200);
  CHECK(answer.took >= 3000ms);
  CHECK(answer.took < 9s);
}

TEST_CASE("release is idempotent and holds again afterwards") {
  HaproxyWorld world;
  auto entry = world.entry();
  CHECK(entry->release());
  CHECK(get().status == 200);
  REQUIRE(entry->hold(5s));
  CHECK(entry->release());
  CHECK(entry->release());
  REQUIRE(entry->hold(300ms));
  CHECK(get().took >= 100ms);
}

TEST_CASE("a hold that ended by itself is on record until a release") {
  HaproxyWorld world;
  auto entry = world.entry();
  CHECK_FALSE(entry->where().value().ended);
  REQUIRE(entry->hold(200ms));
  CHECK_FALSE(entry->where().value().ended);
  std::this_thread::sleep_for(300ms);
  const auto after = entry->where().value();
  CHECK_FALSE(after.holding);
  CHECK(after.ended);
  REQUIRE(entry->release());
  CHECK_FALSE(entry->where().value().ended);
  CHECK(get().status == 200);
}

TEST_CASE("hundreds of waiting requests are all answered, soon after the release") {
  HaproxyWorld world({.server = "check inter 50ms maxconn 40"});
  auto entry = world.entry();
  REQUIRE(entry->hold(10s));
  std::vector<std::future<Answer>> waiting;
  for (int i = 0; i < 300; ++i) waiting.push_back(std::async(std::launch::async, [] { return get(); }));
  std::this_thread::sleep_for(500ms);
  const auto released = std::chrono::steady_clock::now();
  REQUIRE(entry->release());
  int good = 0;
  for (auto& one : waiting) good += one.get().status == 200 ? 1 : 0;
  const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - released);
  CHECK(good == 300);
  CHECK(took < 5s);
  WARN("300 waiting requests: the last was answered " << took.count() << " ms after the release");
}
