#include "catch.hpp"
#include "haproxy_world.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

template <class T>
Error refusal(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error();
}

}  // namespace

TEST_CASE("an HAProxy that is away is unreachable, with its socket and a remedy") {
  HaproxyWorld world;
  auto entry = world.entry();
  world.stop_haproxy();
  for (const auto& error :
       {refusal(entry->hold(1s)), refusal(entry->drain(100ms)), refusal(entry->release()), refusal(entry->where())}) {
    CHECK(error.code == Code::unreachable);
    CHECK(error.message.find("admin.sock") != std::string::npos);
    CHECK(error.remedy.find("level admin") != std::string::npos);
  }
}

TEST_CASE("an HAProxy that restarted during a hold is seen not to hold") {
  HaproxyWorld world;
  auto entry = world.entry();
  REQUIRE(entry->hold(30s));
  world.stop_haproxy();
  world.start_haproxy();
  const auto state = entry->where();
  REQUIRE(state);
  CHECK_FALSE(state->holding);
}

TEST_CASE("hold is refused without the action in the frontend, and says which lines to write") {
  HaproxyWorld world({.rule = false});
  const auto error = refusal(world.entry()->hold(30s));
  CHECK(error.code == Code::refused);
  CHECK(error.remedy.find("http-request lua.moult_hold") != std::string::npos);
  CHECK(error.remedy.find("lua-load-per-thread") != std::string::npos);
  CHECK(error.remedy.find(world.spec().map) != std::string::npos);
  CHECK(get().took < 5s);
}

TEST_CASE("hold is refused where HAProxy does not know the map") {
  HaproxyWorld world({.rule = false, .lua = false});
  const auto error = refusal(world.entry()->hold(1s));
  CHECK(error.code == Code::refused);
  CHECK(error.message.find("does not know the map") != std::string::npos);
  CHECK(error.remedy.find("touch") != std::string::npos);
}

TEST_CASE("hold names the frontends there are when the one asked for is not there") {
  HaproxyWorld world;
  auto spec = world.spec();
  spec.frontend = "nodes";
  const auto error = refusal((*make_entry(spec))->hold(1s));
  CHECK(error.code == Code::not_found);
  CHECK(error.remedy.find("notes") != std::string::npos);
}

TEST_CASE("an HAProxy with other frontends must be told which backends are the appliance's") {
  HaproxyWorld world({.more = "frontend other\n bind 127.0.0.1:8009\n default_backend others\n"
                              "backend others\n server o1 10.77.9.2:8080\n"});
  const auto error = refusal(world.entry()->hold(1s));
  CHECK(error.code == Code::refused);
  CHECK(error.remedy.find("backends") != std::string::npos);

  auto spec = world.spec();
  spec.backends = {"app"};
  auto entry = make_entry(spec);
  REQUIRE(entry);
  REQUIRE((*entry)->hold(5s));
  REQUIRE((*entry)->drain(1s));
  CHECK(world.ask("show stat others 4 -1").find("MAINT") == std::string::npos);
  REQUIRE((*entry)->release());

  spec.backends = {"app", "missing"};
  CHECK(refusal((*make_entry(spec))->hold(1s)).code == Code::not_found);
}

TEST_CASE("a socket that may only look is refused with the level it needs") {
  HaproxyWorld world({.level = "user"});
  const auto error = refusal(world.entry()->hold(1s));
  CHECK(error.code == Code::refused);
  CHECK(error.remedy.find("level admin") != std::string::npos);
}

TEST_CASE("release lets go even where no server is up, and says so") {
  HaproxyWorld world;
  auto entry = world.entry();
  REQUIRE(entry->hold(30s));
  (void)world.ask("set server app/s1 state maint");
  const auto error = refusal(entry->release());
  CHECK(error.code == Code::failed);
  CHECK(error.message.find("backend app") != std::string::npos);
  CHECK_FALSE(entry->where()->holding);
  CHECK(get().status == 503);
}

TEST_CASE("the check asks through the entry: good, bad status, too late") {
  HaproxyWorld world({.more = ""});
  auto spec = world.spec();
  spec.check_url = "http://127.0.0.1:8000/health";
  auto entry = make_entry(spec);
  REQUIRE(entry);
  CHECK((*entry)->check(1s));
  REQUIRE((*entry)->hold(5s));
  CHECK(refusal((*entry)->check(200ms)).code == Code::timeout);
  REQUIRE((*entry)->release());
  (void)world.ask("set server app/s1 state maint");
  const auto error = refusal((*entry)->check(1s));
  CHECK(error.code == Code::failed);
  CHECK(error.message.find("503") != std::string::npos);
  world.stop_haproxy();
  CHECK(refusal((*entry)->check(1s)).code == Code::unreachable);
}
