// The real program, as far as it goes without a virtual machine.
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "catch.hpp"
#include "drivers/guest/client/remote_session.hpp"
#include "drivers/guest/local_access.hpp"

using namespace moult;
using namespace std::chrono_literals;

namespace {

Result<Outcome> helper(std::vector<std::string> words) {
  guest::LocalAccess access;
  Command command;
  command.argv = std::move(words);
  command.argv.insert(command.argv.begin(), MOULT_HELPER);
  return access.run(command);
}

/// The helper on a socket, in a process of its own.
class Process {
 public:
  Process() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    mine.reset(ends[0]);
    const auto number = std::to_string(ends[1]);
    pid = ::fork();
    if (pid == 0) {
      ::fcntl(ends[1], F_SETFD, 0);
      ::execl(MOULT_HELPER, MOULT_HELPER, "--run", "r1", "--fd", number.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
  }
  ~Process() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  /// Its exit status, once it has ended by itself.
  int end() {
    int status = 0;
    for (int i = 0; i < 1000; ++i) {
      if (::waitpid(pid, &status, WNOHANG) == pid) return status;
      std::this_thread::sleep_for(10ms);
    }
    return -1;
  }
  Fd mine;
  pid_t pid = -1;
};

guest::SessionOptions options() {
  guest::SessionOptions options;
  options.run = "r1";
  return options;
}

struct Base {
  Base() {
    char name[] = "/tmp/moult-helper-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Base() { std::filesystem::remove_all(path); }
  [[nodiscard]] pid_t holder() const {
    pid_t pid = 0;
    std::ifstream(path + "/m/r1/lock") >> pid;
    return pid;
  }
  std::vector<std::string> start(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"--run", "r1", "--port", "org.moult.no-such-port", "--base", path + "/m"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  std::string path;
};

bool gone(pid_t pid) {
  for (int i = 0; i < 1000 && ::kill(pid, 0) == 0; ++i) std::this_thread::sleep_for(10ms);
  return ::kill(pid, 0) != 0;
}

}  // namespace

TEST_CASE("the helper serves commands, files and sets over its socket, and ends when it closes") {
  Process process;
  {
    guest::RemoteSession session({[&]() -> Result<Fd> { return std::move(process.mine); }, {}}, options());
    Command command;
    command.argv = {"sh", "-c", "cat /proc/self/oom_score_adj; echo $PPID"};
    const auto outcome = session.access().run(command);
    REQUIRE(outcome);
    CHECK(outcome->out == "0\n" + std::to_string(process.pid) + "\n");
    CHECK(session.peer()->boot.size() == 36);
    const auto pending = session.files().pending("never declared");
    CHECK_FALSE(pending);
  }
  CHECK(process.end() == 0);
}

TEST_CASE("a helper that is told to end kills what it started, and says goodbye") {
  Process process;
  guest::RemoteSession session({[&]() -> Result<Fd> { return std::move(process.mine); }, {}}, options());
  Base base;
  const auto note = base.path + "/pid";
  auto running = std::async(std::launch::async, [&] {
    Command command;
    command.argv = {"sh", "-c", "echo $$ > " + note + "; exec sleep 1000"};
    command.timeout = 100s;
    return session.access().run(command);
  });
  pid_t child = 0;
  for (int i = 0; i < 1000 && !(std::ifstream(note) >> child); ++i) std::this_thread::sleep_for(10ms);
  REQUIRE(child > 0);
  ::kill(process.pid, SIGTERM);
  CHECK_FALSE(running.get());
  CHECK(process.end() == 0);
  CHECK(gone(child));
}

TEST_CASE("one helper a run: the second one joins, and removal leaves nothing") {
  Base base;
  REQUIRE(helper(base.start())->good());
  const auto pid = base.holder();
  REQUIRE(pid > 1);
  struct stat facts {};
  REQUIRE(::stat((base.path + "/m/r1").c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0700);
  CHECK(helper(base.start())->good());
  CHECK(base.holder() == pid);
  CHECK(::getsid(pid) != ::getsid(0));
  const auto removed = helper({"--run", "r1", "--remove", "--base", base.path + "/m"});
  REQUIRE(removed);
  CHECK(removed->good());
  CHECK(gone(pid));
  CHECK_FALSE(std::filesystem::exists(base.path + "/m"));
  CHECK(helper({"--run", "r1", "--remove", "--base", base.path + "/m"})->good());
}

TEST_CASE("a helper that nobody calls removes itself") {
  Base base;
  REQUIRE(helper(base.start({"--idle", "1"}))->good());
  const auto pid = base.holder();
  REQUIRE(pid > 1);
  CHECK(gone(pid));
  CHECK_FALSE(std::filesystem::exists(base.path + "/m"));
}

TEST_CASE("after a helper was killed the next one takes its place") {
  Base base;
  REQUIRE(helper(base.start())->good());
  const auto pid = base.holder();
  ::kill(pid, SIGKILL);
  REQUIRE(gone(pid));
  for (int i = 0; i < 100 && base.holder() == pid; ++i) {
    REQUIRE(helper(base.start())->good());
    std::this_thread::sleep_for(20ms);
  }
  CHECK(base.holder() != pid);
  CHECK(helper({"--run", "r1", "--remove", "--base", base.path + "/m"})->good());
}

TEST_CASE("options that make no sense are named") {
  CHECK_THAT(helper({"--run", "r1"})->err, Catch::Contains("--port"));
  CHECK_THAT(helper({"--run", "../etc", "--port", "p"})->err, Catch::Contains("not the name of a run"));
  CHECK_THAT(helper({"--run", "r1", "--colour", "red"})->err, Catch::Contains("unknown option"));
  CHECK(helper({"--run", "r1", "--fd"})->exit_code == 2);
}

TEST_CASE("a helper that is not the one that was sent does not start") {
  Base base;
  const auto outcome = helper(base.start({"--sha256", std::string(64, '0')}));
  REQUIRE(outcome);
  CHECK(outcome->exit_code == 12);
  CHECK_FALSE(std::filesystem::exists(base.path + "/m"));
}
