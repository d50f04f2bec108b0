// kill -9 in the middle of writes: what was acknowledged is there, and nothing is half there.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "catch.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

/// Writes until it is killed: each round one atomic step of an intent, an audit row and a value, whose number is then
/// acknowledged through the pipe.
[[noreturn]] void write_until_killed(const std::string& state, int pipe) {
  auto store = open_store(state);
  for (std::int64_t round = 0; store; ++round) {
    const auto number = std::to_string(round);
    const auto written = (*store)->atomically([&]() -> Result<> {
      MOULT_TRY((*store)->journal().intend({"r1", "step", number, "{}", kUtc}));
      MOULT_TRY((*store)->audit().append(an_entry("round", "r1", R"({"n":)" + number + "}")));
      return (*store)->journal().put_value("r1", "rounds", number);
    });
    if (!written || ::write(pipe, &round, sizeof round) != sizeof round) break;
  }
  ::_exit(1);
}

/// The last round that the killed writer acknowledged; -1: none.
std::int64_t run_and_kill(const std::string& state, std::chrono::microseconds after) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) write_until_killed(state, ends[1]);
  ::close(ends[1]);
  std::int64_t last = -1, round = 0;
  REQUIRE(::read(ends[0], &round, sizeof round) == sizeof round);  // it is at work
  last = round;
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  while (::read(ends[0], &round, sizeof round) == sizeof round) last = round;
  ::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  return last;
}

}  // namespace

TEST_CASE("what was acknowledged survives kill -9, and every atomic step is whole") {
  int killed_at_work = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const TemporaryDirectory directory;
    REQUIRE(open_store(directory.state()).value()->journal().create_run(a_run(), stamp()));
    const auto last = run_and_kill(directory.state(), std::chrono::microseconds(137 * attempt));
    const auto store = std::move(open_store(directory.state()).value());
    const auto steps = store->journal().steps("r1").value();
    const auto rounds = static_cast<std::int64_t>(steps.size());
    CHECK(rounds >= last + 1);
    CHECK(rounds <= last + 2);  // at most one was committed and not acknowledged
    CHECK(store->journal().value("r1", "rounds").value() == std::to_string(rounds - 1));
    const auto report = verify_audit(store->audit()).value();
    CHECK(report.good);
    CHECK(report.rows == 1 + rounds);
    CHECK_FALSE(steps.back().outcome.has_value());
    ++killed_at_work;
  }
  CHECK(killed_at_work == 20);
}

TEST_CASE("a store that was killed while it was made is made again") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory(directory.state());
  const auto fresh = directory.state() + "/moult.db.new";
  REQUIRE(::close(::creat(fresh.c_str(), 0600)) == 0);
  REQUIRE(open_store(directory.state()));
  CHECK_FALSE(std::filesystem::exists(fresh));
}

TEST_CASE("several processes share a state directory") {
  const TemporaryDirectory directory;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto store = open_store(directory.state());
      bool good =
          store.has_value() && (*store)->journal().create_run(a_run("r" + std::to_string(i)), stamp()).has_value();
      for (int n = 0; good && n < 25; ++n)
        good = (*store)->audit().append(an_entry("event", "r" + std::to_string(i))).has_value();
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const auto child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  const auto report = verify_audit(open_store(directory.state()).value()->audit()).value();
  CHECK(report.good);
  CHECK(report.rows == 4 * 26);
}
