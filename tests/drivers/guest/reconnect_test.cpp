#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <future>

#include "catch.hpp"
#include "rig.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

std::string scratch(const std::string& name) {
  const auto path = "/tmp/moult-reconnect-" + std::to_string(::getpid()) + "-" + name;
  ::unlink(path.c_str());
  return path;
}

bool appears(const std::string& path, Millis within = 20s) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (::access(path.c_str(), F_OK) != 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

}  // namespace

TEST_CASE("a call in flight when the channel breaks is ambiguous, its command goes on, and the next call reconnects") {
  Rig rig;
  const auto started = scratch("started"), ended = scratch("ended");
  auto running = std::async(std::launch::async, [&] {
    return rig.session.access().run(command_of({"sh", "-c", "touch " + started + "; sleep 1; touch " + ended}));
  });
  REQUIRE(appears(started));
  rig.port.hang_up();
  const auto outcome = running.get();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::unreachable);
  CHECK(outcome.error().disposition == Disposition::ambiguous);
  const auto next = rig.session.access().run(command_of({"echo", "again"}));
  REQUIRE(next);
  CHECK(next->out == "again\n");
  CHECK(rig.port.opened() == 2);
  CHECK(appears(ended));
  for (const auto& path : {started, ended}) ::unlink(path.c_str());
}

TEST_CASE("a channel that breaks in the middle of content, again and again, never mixes one call with another") {
  Rig rig;
  const auto path = scratch("content");
  const std::string text(40'000'000, 'x');
  unsigned broken = 0, whole = 0;
  for (int i = 0; i < 12; ++i) {
    auto put = std::async(std::launch::async, [&] { return rig.session.access().put(path, 0600, source_of(text)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + i * 2));
    rig.port.hang_up();
    const auto done = put.get();
    if (!done) CHECK(done.error().code == Code::unreachable);
    (done ? whole : broken) += 1;
    const auto echo = rig.session.access().run(command_of({"echo", std::to_string(i)}));
    REQUIRE(echo);
    CHECK(echo->out == std::to_string(i) + "\n");
  }
  CHECK(broken > 0);
  REQUIRE(rig.session.access().put(path, 0600, source_of(text)));
  std::string back;
  REQUIRE(rig.session.access().get(path, sink_to(back)));
  CHECK(back == text);
  ::unlink(path.c_str());
}

TEST_CASE("a channel that breaks while content comes from the guest is found again behind the rest of it") {
  Rig rig;
  const auto path = scratch("out");
  {
    std::ofstream file(path);
    file << std::string(60'000'000, 'y');
  }
  for (int i = 0; i < 6; ++i) {
    std::size_t got = 0;
    const auto done = rig.session.access().get(path, [&](Bytes bytes) -> Result<> {
      got += bytes.size();
      if (got > 3'000'000) rig.port.hang_up();
      return {};
    });
    CHECK_FALSE(done);
    CHECK(rig.session.access().run(command_of({"true"}))->good());
  }
  ::unlink(path.c_str());
}

TEST_CASE("a new session takes over from one that is still connected") {
  Rig rig;
  REQUIRE(rig.session.access().run(command_of({"true"})));
  guest::RemoteSession second(guest::Route{[&] { return rig.port.open(); }, {}}, Rig::options("run-1", 20s));
  REQUIRE(second.access().run(command_of({"true"})));
  CHECK(second.peer()->instance == rig.session.peer()->instance);
}

TEST_CASE("a channel that cannot be opened is unreachable and worth another try") {
  Rig rig;
  rig.port.refuse(true);
  const auto outcome = rig.session.access().run(command_of({"true"}));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::unreachable);
  CHECK(outcome.error().disposition == Disposition::retry);
  rig.port.refuse(false);
  CHECK(rig.session.alive(5s));
}

TEST_CASE("a helper that is gone is revived") {
  FakePort silent;  // nobody serves it
  Rig rig;
  unsigned revivals = 0;
  const auto connect = [&] { return revivals < 2 ? silent.open() : rig.port.open(); };
  auto options = Rig::options("run-1", 20s);
  options.answer = 300ms;
  guest::RemoteSession session({connect, [&](Millis) { return ++revivals, Result<>(); }}, options);
  CHECK(session.access().run(command_of({"true"})));
  CHECK(revivals == 2);
}

TEST_CASE("a helper that does not come back is revived a bounded number of times") {
  FakePort silent;
  unsigned revivals = 0;
  auto options = Rig::options("run-1", 20s);
  options.answer = 300ms;
  guest::RemoteSession session({[&] { return silent.open(); }, [&](Millis) { return ++revivals, Result<>(); }},
                               options);
  const auto outcome = session.access().run(command_of({"true"}));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::unreachable);
  CHECK(outcome.error().disposition == Disposition::retry);
  CHECK(revivals == options.tries);
}

TEST_CASE("alive answers within its deadline, also when nobody is there") {
  FakePort silent;
  guest::RemoteSession session(guest::Route{[&] { return silent.open(); }, {}}, Rig::options("run-1", 20s));
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(session.alive(300ms));
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
}

TEST_CASE("a helper that says goodbye ends its calls at once") {
  Rig rig;
  auto running = std::async(std::launch::async, [&] { return rig.session.access().run(command_of({"sleep", "3"})); });
  std::this_thread::sleep_for(300ms);
  const auto begun = std::chrono::steady_clock::now();
  rig.served.server.stop();
  const auto outcome = running.get();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::unreachable);
  CHECK(std::chrono::steady_clock::now() - begun < 2s);
}
