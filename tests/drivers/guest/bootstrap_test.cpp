#include "drivers/guest/client/bootstrap.hpp"

#include <unistd.h>

#include <fstream>

#include "catch.hpp"
#include "fake_files.hpp"

using namespace moult;
using namespace moult::test;

namespace {

/// A guest with nothing but an agent: knows whether the program is there, may be executed, and runs.
class FakeAgent : public GuestAccess {
 public:
  Result<Outcome> run(const Command& command) override {
    std::string line;
    for (const auto& word : command.argv) line += (line.empty() ? "" : " ") + word;
    lines.push_back(line);
    if (away) return fail(Code::unreachable, "the guest agent does not answer");
    if (command.argv.front() == "mount") executable = true, content.clear();
    if (command.argv.front() != program) return Outcome{};
    if (content.empty()) return missing();
    if (!executable) return fail(Code::refused, "cannot start: Permission denied");
    if (command.argv.back() == "--remove") return content.clear(), Outcome{};
    if (content != expected) return Outcome{12, "", "this program is not the one that was sent", false};
    running = true;
    return Outcome{};
  }
  Result<> put(const std::string& path, std::uint32_t mode, const ByteSource& source) override {
    lines.push_back("put " + path);
    CHECK(mode == 0700);
    MOULT_ASSIGN(content, drain(source));
    return {};
  }
  Result<> get(const std::string&, const ByteSink&) override { return fail(Code::internal, "not asked for"); }

  Result<Outcome> missing() const {
    if (by_exit_code) return Outcome{127, "", "sh: not found", false};
    return fail(Code::not_found, "no such program");
  }
  bool pushed() const {
    return std::count_if(lines.begin(), lines.end(), [](auto& l) { return l.starts_with("put"); }) > 0;
  }

  std::string program = "/run/moult/r1/moult-helper", expected = "the program";
  std::string content;
  bool executable = true, running = false, away = false, by_exit_code = false;
  std::vector<std::string> lines;
};

struct Program {
  Program() { std::ofstream(path) << "the program"; }
  ~Program() { ::unlink(path.c_str()); }
  std::string path = "/tmp/moult-bootstrap-" + std::to_string(::getpid());
};

}  // namespace

TEST_CASE("a guest without the helper gets it pushed and started") {
  Program program;
  FakeAgent agent;
  agent.by_exit_code = GENERATE(false, true);
  REQUIRE(guest::Bootstrap(agent, "r1", program.path).start());
  CHECK(agent.running);
  CHECK(agent.lines.back().starts_with("/run/moult/r1/moult-helper --run r1 --port org.moult.r1 --sha256 "));
}

TEST_CASE("a helper that is there already is not pushed again") {
  Program program;
  FakeAgent agent;
  agent.content = agent.expected;
  REQUIRE(guest::Bootstrap(agent, "r1", program.path).start());
  CHECK_FALSE(agent.pushed());
  CHECK(agent.lines.size() == 1);
}

TEST_CASE("a push that was cut short earlier is made good") {
  Program program;
  FakeAgent agent;
  agent.content = "the prog";
  REQUIRE(guest::Bootstrap(agent, "r1", program.path).start());
  CHECK(agent.running);
}

TEST_CASE("where /run may not be executed from, the run's directory becomes a file system that may") {
  Program program;
  FakeAgent agent;
  agent.executable = false;
  REQUIRE(guest::Bootstrap(agent, "r1", program.path).start());
  CHECK(agent.running);
  CHECK(std::any_of(agent.lines.begin(), agent.lines.end(), [](auto& l) { return l.starts_with("mount -t tmpfs"); }));
}

TEST_CASE("an agent that does not answer is unreachable, and nothing is pushed") {
  Program program;
  FakeAgent agent;
  agent.away = true;
  const auto started = guest::Bootstrap(agent, "r1", program.path).start();
  REQUIRE_FALSE(started);
  CHECK(started.error().code == Code::unreachable);
  CHECK_FALSE(agent.pushed());
}

TEST_CASE("a helper that is not installed on the host is not found") {
  FakeAgent agent;
  CHECK(guest::Bootstrap(agent, "r1", "/nowhere/moult-helper").start().error().code == Code::not_found);
}

TEST_CASE("evicting leaves nothing, and a guest with nothing is fine") {
  Program program;
  FakeAgent agent;
  agent.content = agent.expected;
  REQUIRE(guest::Bootstrap(agent, "r1", program.path).evict());
  CHECK(agent.content.empty());
  REQUIRE(guest::Bootstrap(agent, "r1", program.path).evict());
}
