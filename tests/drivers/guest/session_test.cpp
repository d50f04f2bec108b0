#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "catch.hpp"
#include "rig.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

std::string scratch(const std::string& name) { return "/tmp/moult-session-" + std::to_string(::getpid()) + "-" + name; }

/// Bytes that differ from place to place, made and checked without keeping them.
std::byte pattern(std::uint64_t at) { return static_cast<std::byte>(at * 2654435761U >> 13); }

ByteSource patterned(std::uint64_t size) {
  return [size, at = std::uint64_t{0}](std::span<std::byte> into) mutable -> Result<std::size_t> {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size - at));
    for (std::size_t i = 0; i < count; ++i) into[i] = pattern(at + i);
    at += count;
    return count;
  };
}

long peak_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

}  // namespace

TEST_CASE("a command runs in the guest, with streams, code and input") {
  Rig rig;
  auto command = command_of({"sh", "-c", "cat; echo err >&2; exit 4"});
  command.input = "hello";
  const auto outcome = rig.session.access().run(command);
  REQUIRE(outcome);
  CHECK(outcome->out == "hello");
  CHECK(outcome->err == "err\n");
  CHECK(outcome->exit_code == 4);
  REQUIRE(rig.session.peer());
  CHECK(rig.session.peer()->boot == "boot-1");
}

TEST_CASE("errors keep their code over the channel") {
  Rig rig;
  CHECK(rig.session.access().run(command_of({"no-such-program"})).error().code == Code::not_found);
  auto slow = command_of({"sleep", "100"});
  slow.timeout = 200ms;
  const auto late = rig.session.access().run(slow);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::timeout);
  CHECK(late.error().disposition == Disposition::fail);
  std::string content;
  CHECK(rig.session.access().get("/nowhere/file", sink_to(content)).error().code == Code::not_found);
  CHECK(rig.session.access().put("relative", 0600, source_of(content)).error().code == Code::invalid);
}

TEST_CASE("a flood of output is bounded by the command's limit") {
  Rig rig;
  auto command = command_of({"sh", "-c", "head -c 30000000 /dev/zero"});
  command.output_limit = 5'000'000;
  const auto outcome = rig.session.access().run(command);
  REQUIRE(outcome);
  CHECK(outcome->out.size() == 5'000'000);
  CHECK(outcome->truncated);
}

TEST_CASE("three hundred megabytes go there and back unchanged, in bounded memory") {
  Rig rig;
  const auto path = scratch("big");
  constexpr std::uint64_t size = 300'000'007;
  const auto before = peak_kib();
  REQUIRE(rig.session.access().put(path, 0600, patterned(size)));
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK(facts.st_size == static_cast<off_t>(size));
  std::uint64_t at = 0;
  bool equal = true;
  REQUIRE(rig.session.access().get(path, [&](Bytes bytes) -> Result<> {
    for (const auto byte : bytes) equal = equal && byte == pattern(at++);
    return {};
  }));
  CHECK(at == size);
  CHECK(equal);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(peak_kib() - before < 48 * 1024);
#else
  static_cast<void>(before);  // sanitizers keep freed memory
#endif
  ::unlink(path.c_str());
}

TEST_CASE("a source that fails leaves nothing in the guest, and its error comes back") {
  Rig rig;
  const auto path = scratch("half");
  int calls = 0;
  const auto put = rig.session.access().put(path, 0600, [&](std::span<std::byte> into) -> Result<std::size_t> {
    if (++calls == 20) return fail(Code::mismatch, "the payload is damaged");
    return into.size();
  });
  REQUIRE_FALSE(put);
  CHECK(put.error().code == Code::mismatch);
  CHECK(rig.session.alive(5s));
  CHECK(::access(path.c_str(), F_OK) != 0);
}

TEST_CASE("a sink that fails ends a get at once, and the session goes on") {
  Rig rig;
  const auto got =
      rig.session.access().get("/proc/self/maps", [](Bytes) -> Result<> { return fail(Code::no_space, "full"); });
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Code::no_space);
  CHECK(rig.session.access().run(command_of({"true"}))->good());
}

TEST_CASE("a put that the guest refuses ends before all of it was sent") {
  Rig rig;
  std::uint64_t given = 0;
  const auto put =
      rig.session.access().put("/proc/nothing", 0600, [&](std::span<std::byte> into) -> Result<std::size_t> {
        given += into.size();
        return given < 1'000'000'000 ? into.size() : 0;
      });
  REQUIRE_FALSE(put);
  CHECK(given < 100'000'000);
}

TEST_CASE("calls side by side do not wait for each other") {
  Rig rig;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 24; ++i)
    threads.emplace_back([&, i] {
      if (i % 3 == 0) {
        const auto outcome = rig.session.access().run(command_of({"sleep", "1"}));
        if (outcome && outcome->good()) ++good;
      } else {
        const auto path = scratch("side" + std::to_string(i));
        std::string content;
        const std::string text(2'000'000, static_cast<char>('a' + i));
        if (rig.session.access().put(path, 0600, source_of(text)) && rig.session.access().get(path, sink_to(content)) &&
            content == text)
          ++good;
        ::unlink(path.c_str());
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 24);
  CHECK(std::chrono::steady_clock::now() - begun < 20s);
}

TEST_CASE("more calls than streams are possible wait for their turn") {
  Rig rig;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 150; ++i)
    threads.emplace_back([&] {
      const auto outcome = rig.session.access().run(command_of({"true"}));
      if (outcome && outcome->good()) ++good;
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 150);
}

TEST_CASE("announce and remove reach the helper, and it stops after its removal") {
  Rig rig;
  REQUIRE(rig.session.announce());
  CHECK(rig.announced == 1);
  REQUIRE(rig.session.remove());
  CHECK(rig.removed == 1);
  for (int i = 0; i < 200 && !rig.served.server.stopped(); ++i) std::this_thread::sleep_for(10ms);
  CHECK(rig.served.server.stopped());
}

TEST_CASE("connections come from the helper, and go to it, unchanged") {
  Rig rig;
  const auto connections = rig.session.connections();
  REQUIRE(connections);
  CHECK(*connections == sample_connections());
  REQUIRE(rig.session.tickle(*connections));
  CHECK(rig.tickled == sample_connections());
}

TEST_CASE("the answer of a helper that stops at once is never lost, whatever the client still had to say") {
  for (int i = 0; i < 100; ++i) {
    Rig rig;
    const auto removed = rig.session.remove();
    INFO("try " << i << ": " << (removed ? std::string() : removed.error().message));
    REQUIRE(removed);
  }
}

TEST_CASE("a helper of another run is refused") {
  Rig rig("run-2");
  const auto outcome = rig.session.access().run(command_of({"true"}));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::invalid);
  CHECK_THAT(outcome.error().message, Catch::Contains("another run"));
}
