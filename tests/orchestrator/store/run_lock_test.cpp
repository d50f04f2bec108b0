#include "orchestrator/store/run_lock.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "catch.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

namespace {

Holder alice() { return {4711, "hv1", "alice", "r1", kUtc, "upgrade"}; }

/// A process that holds the lock until it is killed; it stops itself once it has it.
pid_t holding_process(const std::string& state, const std::string& appliance) {
  const auto child = ::fork();
  if (child == 0) {
    const auto lock = RunLock::acquire(state, appliance, this_process("r1", "upgrade"));
    if (!lock) ::_exit(1);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, WUNTRACED) == child);
  REQUIRE(WIFSTOPPED(status));
  return child;
}

void kill_and_wait(pid_t child) {
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
}

std::vector<Holder> the_dead(const TemporaryDirectory& directory) {
  const auto dead = dead_holders(directory.state());
  REQUIRE(dead);
  return *dead;
}

}  // namespace

TEST_CASE("a second holder is refused with the first one's name") {
  const TemporaryDirectory directory;
  const auto lock = RunLock::acquire(directory.state(), "notes", alice());
  REQUIRE(lock);
  const auto second = RunLock::acquire(directory.state(), "notes", this_process("r2", "upgrade"));
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Code::busy);
  CHECK(second.error().message ==
        "appliance notes is held by run r1: moult upgrade, pid 4711 of alice on hv1, since 2024-05-01T10:00:00.000Z");
  CHECK_THAT(second.error().remedy, Catch::Contains("moult status r1"));
}

TEST_CASE("a second process is refused with the first one's name, until the first is killed") {
  const TemporaryDirectory directory;
  const auto child = holding_process(directory.state(), "notes");
  const auto refused = RunLock::acquire(directory.state(), "notes", alice());
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Catch::Contains("pid " + std::to_string(child) + " of "));
  const auto holder = lock_holder(directory.state(), "notes");
  REQUIRE(holder.value());
  CHECK((*holder)->pid == child);
  kill_and_wait(child);
  CHECK_FALSE(lock_holder(directory.state(), "notes").value());
  CHECK(RunLock::acquire(directory.state(), "notes", alice()));
}

TEST_CASE("a lock is given back at the end of its life, and by being moved over") {
  const TemporaryDirectory directory;
  {
    auto lock = RunLock::acquire(directory.state(), "notes", alice());
    REQUIRE(lock);
    const RunLock moved = std::move(*lock);
    CHECK(lock_holder(directory.state(), "notes")->has_value());
  }
  CHECK_FALSE(lock_holder(directory.state(), "notes")->has_value());
  auto one = std::move(RunLock::acquire(directory.state(), "one", alice()).value());
  one = std::move(RunLock::acquire(directory.state(), "two", alice()).value());
  CHECK_FALSE(lock_holder(directory.state(), "one")->has_value());
  CHECK(lock_holder(directory.state(), "two")->has_value());
}

TEST_CASE("appliances do not block one another, whatever their names") {
  const TemporaryDirectory directory;
  std::vector<RunLock> locks;
  for (const std::string name : {"a", "b", "a/b", "../a", "..", ".", "", "_a", "a b", "A", "\xc3\xa9"}) {
    INFO(name);
    auto lock = RunLock::acquire(directory.state(), name, alice());
    REQUIRE(lock);
    locks.push_back(std::move(*lock));
    CHECK(RunLock::acquire(directory.state(), name, alice()).error().code == Code::busy);
  }
  auto lock = RunLock::acquire(directory.state(), std::string(5000, 'x'), alice());
  CHECK(lock);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory.path()))
    CHECK_THAT(entry.path().string(), Catch::StartsWith(directory.state()));
}

TEST_CASE("looking at a lock neither takes it nor needs it") {
  const TemporaryDirectory directory;
  CHECK_FALSE(lock_holder(directory.state(), "notes").value());
  const auto lock = RunLock::acquire(directory.state(), "notes", alice());
  for (int i = 0; i < 3; ++i) CHECK((*lock_holder(directory.state(), "notes"))->describe() == alice().describe());
}

TEST_CASE("a holder who has not written yet is another process") {
  const TemporaryDirectory directory;
  const auto lock = RunLock::acquire(directory.state(), "notes", alice());
  std::ofstream(directory.state() + "/locks/notes.lock", std::ios::trunc).flush();
  CHECK_THAT(RunLock::acquire(directory.state(), "notes", alice()).error().message,
             Catch::EndsWith("held by another process"));
  CHECK(lock_holder(directory.state(), "notes")->has_value());
}

TEST_CASE("a program that was started by the holder does not keep the lock") {
  const TemporaryDirectory directory;
  pid_t sleeper = 0;
  {
    const auto lock = RunLock::acquire(directory.state(), "notes", alice());
    REQUIRE(lock);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    sleeper = ::fork();
    if (sleeper == 0) {
      ::execlp("sleep", "sleep", "60", nullptr);
      ::_exit(1);
    }
    ::close(ends[1]);
    char nothing = 0;
    CHECK(::read(ends[0], &nothing, 1) == 0);  // the pipe closes when sleep has taken over
    ::close(ends[0]);
  }
  CHECK(RunLock::acquire(directory.state(), "notes", alice()));
  kill_and_wait(sleeper);
}

TEST_CASE("this process names itself") {
  const auto holder = this_process("r1", "upgrade");
  CHECK(holder.pid == ::getpid());
  CHECK_FALSE(holder.host.empty());
  CHECK_FALSE(holder.user.empty());
  CHECK_THAT(holder.since, Catch::EndsWith("Z"));
}

TEST_CASE("who died with a lock is told from who put it down, and the watch hears of both") {
  const TemporaryDirectory directory;
  CHECK(the_dead(directory).empty());
  auto watch = LockWatch::begin(directory.state());
  REQUIRE(watch);
  const auto child = holding_process(directory.state(), "notes");
  CHECK(the_dead(directory).empty());  // it lives
  kill_and_wait(child);
  const auto begin = std::chrono::steady_clock::now();
  REQUIRE(watch->wait(Millis{60'000}));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(30));  // the kernel says so, no time-out does
  const auto dead = the_dead(directory);
  REQUIRE(dead.size() == 1);
  CHECK(dead.front().run == "r1");
  { REQUIRE(RunLock::acquire(directory.state(), "notes", alice())); }
  CHECK(the_dead(directory).empty());  // taken up, and ended well
}
