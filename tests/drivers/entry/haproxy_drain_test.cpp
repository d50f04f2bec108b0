#include <httplib.h>

#include <future>

#include "catch.hpp"
#include "drivers/entry/haproxy/statistics.hpp"
#include "haproxy_world.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

std::future<Answer> get_soon(const std::string& path) {
  return std::async(std::launch::async, [path] { return get(path); });
}

}  // namespace

TEST_CASE("drain waits for what is inside and not for what is held") {
  HaproxyWorld world;
  auto entry = world.entry();
  auto inside = get_soon("/?ms=800");
  std::this_thread::sleep_for(100ms);
  REQUIRE(entry->hold(5s));
  auto held = get_soon("/");
  std::this_thread::sleep_for(20ms);
  CHECK(entry->where()->in_flight == 1);
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(entry->drain(5s));
  const auto took = std::chrono::steady_clock::now() - start;
  CHECK(took > 200ms);
  CHECK(took < 3s);
  CHECK(inside.wait_for(50ms) == std::future_status::ready);
  CHECK(held.wait_for(0ms) == std::future_status::timeout);
  CHECK(entry->where()->in_flight == 0);
  REQUIRE(entry->release());
  CHECK(held.get().status == 200);
}

TEST_CASE("drain's deadline passes with the number of requests that are left and where they are") {
  HaproxyWorld world({.server = "maxconn 1"});
  auto entry = world.entry();
  auto first = get_soon("/?ms=600");
  std::this_thread::sleep_for(100ms);
  auto queued = get_soon("/?ms=1");
  std::this_thread::sleep_for(100ms);
  REQUIRE(entry->hold(5s));
  CHECK(entry->where()->in_flight == 2);
  const auto drained = entry->drain(100ms);
  REQUIRE_FALSE(drained);
  CHECK(drained.error().code == Code::timeout);
  CHECK(drained.error().message.find("2 requests") != std::string::npos);
  CHECK(drained.error().message.find("app 2") != std::string::npos);
  REQUIRE(entry->release());
  CHECK(first.get().status == 200);
  CHECK(queued.get().status == 200);
}

TEST_CASE("drain closes HAProxy's idle connections to the appliance") {
  HaproxyWorld world;
  auto entry = world.entry();
  CHECK(get().status == 200);
  CHECK(world.ask("show servers conn app").find("app/s1") != std::string::npos);
  REQUIRE(entry->hold(5s));
  REQUIRE(entry->drain(1s));
  auto statistics = haproxy::read_statistics(world.ask("show stat"));
  REQUIRE(statistics);
  REQUIRE(statistics->backends.size() == 1);
  CHECK(statistics->backends.front().open_connections == 0);
  REQUIRE(entry->release());
}

TEST_CASE("drain refuses where a client's connection owns one to the appliance, and says what to change") {
  HaproxyWorld world({.backend = "http-reuse never"});
  auto entry = world.entry();
  httplib::Client client(HaproxyWorld::kHost, HaproxyWorld::kPort);
  client.set_keep_alive(true);
  REQUIRE(client.Get("/"));
  REQUIRE(entry->hold(5s));
  const auto drained = entry->drain(200ms);
  REQUIRE_FALSE(drained);
  CHECK(drained.error().code == Code::refused);
  CHECK(drained.error().remedy.find("http-reuse safe") != std::string::npos);
  REQUIRE(entry->release());
}

TEST_CASE("servers that an administrator took out stay out; one that failed its checks comes back at the release") {
  HaproxyWorld world({.more = "backend spare\n server out 127.0.0.1:9 check\n server drained 127.0.0.1:9\n"});
  (void)world.ask("set server spare/out state maint");
  (void)world.ask("set server spare/drained state drain");
  auto entry = world.entry();
  REQUIRE(entry->hold(5s));
  REQUIRE(entry->drain(1s));
  world.disconnect_a();
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (world.ask("show stat app 4 -1").find(",DOWN,") == std::string::npos &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(10ms);
  REQUIRE(world.ask("show stat app 4 -1").find(",DOWN,") != std::string::npos);
  auto held = get_soon("/");
  std::this_thread::sleep_for(50ms);
  world.switch_to_b();
  (void)entry->release();
  CHECK(held.get().body == "B");
  auto statistics = haproxy::read_statistics(world.ask("show stat"));
  REQUIRE(statistics);
  const auto& spare = statistics->backends.at(1);
  REQUIRE(spare.servers.size() == 2);
  CHECK(spare.servers[0].maintained());
  CHECK(spare.servers[1].draining());
}
