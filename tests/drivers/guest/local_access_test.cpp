#include "drivers/guest/local_access.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "catch.hpp"

using namespace moult;
using namespace std::chrono_literals;

namespace {

Result<Outcome> run(std::vector<std::string> argv, Millis timeout = 20s) {
  guest::LocalAccess access;
  Command command;
  command.argv = std::move(argv);
  command.timeout = timeout;
  return access.run(command);
}

Result<Outcome> shell(const std::string& script, Millis timeout = 20s) { return run({"sh", "-c", script}, timeout); }

bool lives(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  status >> number >> name >> state;
  return !state.empty() && state != "Z" && state != "X";
}

/// Reads a process number from a file that a script writes.
pid_t number_in(const std::string& path) {
  for (int i = 0; i < 500; ++i) {
    pid_t pid = 0;
    if (std::ifstream(path) >> pid) return pid;
    std::this_thread::sleep_for(10ms);
  }
  return 0;
}

std::string scratch(const char* name) {
  const auto path = "/tmp/moult-local-" + std::to_string(::getpid()) + "-" + name;
  ::unlink(path.c_str());
  return path;
}

}  // namespace

TEST_CASE("a command's streams and exit code come back apart") {
  const auto outcome = shell("echo out; echo err >&2; exit 3");
  REQUIRE(outcome);
  CHECK(outcome->out == "out\n");
  CHECK(outcome->err == "err\n");
  CHECK(outcome->exit_code == 3);
  CHECK_FALSE(outcome->good());
  CHECK_FALSE(outcome->truncated);
}

TEST_CASE("arguments reach the program as they are") {
  const auto outcome = run({"printf", "%s|", "a b", "$HOME", "*", ""});
  REQUIRE(outcome);
  CHECK(outcome->out == "a b|$HOME|*||");
}

TEST_CASE("a command killed by a signal ends with 128 and its number") {
  CHECK(shell("kill -TERM $$")->exit_code == 143);
}

TEST_CASE("a program that does not exist is not found, by name and by path") {
  CHECK(run({"no-such-program-anywhere"}).error().code == Code::not_found);
  CHECK(run({"/nowhere/program"}).error().code == Code::not_found);
  CHECK(run({"/etc/passwd"}).error().code == Code::refused);
  CHECK(run({}).error().code == Code::invalid);
}

TEST_CASE("a command gets a plain environment, a session of its own and no open descriptors of ours") {
  guest::LocalAccess access;
  Command command;
  command.argv = {"sh", "-c", "env; ls /proc/self/fd | wc -l; ps -o sid= -p $$ >/dev/null 2>&1; pwd; umask"};
  command.env = {{"EXTRA", "yes"}};
  const auto outcome = access.run(command);
  REQUIRE(outcome);
  CHECK_THAT(outcome->out, Catch::Contains("EXTRA=yes") && Catch::Contains("LANG=C.UTF-8") &&
                               Catch::Contains("PATH=/usr/local/sbin"));
  CHECK_THAT(outcome->out, !Catch::Contains("HOME="));
  CHECK_THAT(outcome->out, Catch::Contains("4\n/\n0022\n"));  // in, out, err, and the directory that ls reads
}

TEST_CASE("input of any size is fed while output is read") {
  guest::LocalAccess access;
  Command command;
  command.argv = {"cat"};
  command.input = std::string(3'000'000, 'x') + "end";
  command.output_limit = 10'000'000;
  const auto outcome = access.run(command);
  REQUIRE(outcome);
  CHECK(outcome->out == command.input);
}

TEST_CASE("a command that does not read its input is not waited for by it") {
  guest::LocalAccess access;
  Command command;
  command.argv = {"true"};
  command.input = std::string(3'000'000, 'x');
  CHECK(access.run(command)->good());
}

TEST_CASE("a flood of output is cut at the limit, and the command still ends") {
  guest::LocalAccess access;
  Command command;
  command.argv = {"sh", "-c", "head -c 50000000 /dev/zero; head -c 100 /dev/zero >&2"};
  command.output_limit = 1000;
  const auto outcome = access.run(command);
  REQUIRE(outcome);
  CHECK(outcome->out.size() == 1000);
  CHECK(outcome->err.size() == 100);
  CHECK(outcome->truncated);
}

TEST_CASE("output of exactly the limit is not truncated") {
  guest::LocalAccess access;
  Command command;
  command.argv = {"head", "-c", "1000", "/dev/zero"};
  command.output_limit = 1000;
  CHECK_FALSE(access.run(command)->truncated);
}

TEST_CASE("a timeout kills the command and all that it started, also what left its session") {
  const auto child = scratch("child"), escaped = scratch("escaped");
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = shell("sleep 1000 & echo $! > " + child + "; setsid sh -c 'echo $$ > " + escaped +
                                 "; exec sleep 1000' & trap '' TERM INT; while :; do sleep 1; done",
                             700ms);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::timeout);
  CHECK(outcome.error().disposition == Disposition::fail);
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  for (const auto& path : {child, escaped}) {
    const auto pid = number_in(path);
    REQUIRE(pid > 0);
    for (int i = 0; i < 200 && lives(pid); ++i) std::this_thread::sleep_for(10ms);
    CHECK_FALSE(lives(pid));
    ::unlink(path.c_str());
  }
}

TEST_CASE("a daemon that a command leaves behind, with its output open, neither delays it nor dies") {
  const auto path = scratch("daemon");
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = shell("sleep 1000 & echo $! > " + path + "; echo started");
  REQUIRE(outcome);
  CHECK(outcome->out == "started\n");
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  const auto pid = number_in(path);
  REQUIRE(pid > 0);
  CHECK(lives(pid));
  ::kill(pid, SIGKILL);
  ::unlink(path.c_str());
}

TEST_CASE("stopping kills what runs, and refuses what comes") {
  guest::LocalAccess access;
  std::thread stopper([&] {
    std::this_thread::sleep_for(300ms);
    access.stop();
  });
  Command command;
  command.argv = {"sleep", "1000"};
  command.timeout = 60s;
  const auto begun = std::chrono::steady_clock::now();
  const auto outcome = access.run(command);
  stopper.join();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::interrupted);
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  CHECK(access.run(command).error().code == Code::interrupted);
}

TEST_CASE("many commands run at once, each with its own output") {
  guest::LocalAccess access;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 16; ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 5; ++round) {
        Command command;
        command.argv = {"sh", "-c", "echo " + std::to_string(i * 100 + round)};
        const auto outcome = access.run(command);
        if (outcome && outcome->out == std::to_string(i * 100 + round) + "\n") ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 80);
}
