// The helper in a real guest, over a real channel.
#include <atomic>
#include <future>
#include <thread>

#include "catch.hpp"
#include "drivers/guest/client/helper_connector.hpp"
#include "fake_files.hpp"
#include "tests/drivers/libvirt/lab_world.hpp"

using namespace moult;
using namespace std::chrono_literals;

namespace {

constexpr const char* kRun = "helperlab";
constexpr Millis kBoot{180s};

/// What an orchestrator has: a second one stands for the same after its death.
struct Orchestrator {
  Orchestrator() { lab::require_lab(); }
  std::unique_ptr<GuestSession> session() { return lab::must(connector.session(kRun, lab::original(), kBoot)); }
  LibvirtParts parts;
  std::unique_ptr<Clock> clock = make_system_clock();
  guest::HelperConnector connector{[this](const MachineRef& machine) { return parts.agent(machine, 10s); },
                                   parts.channels(), MOULT_HELPER, *clock};
};

std::string text_of(GuestAccess& guest, const std::string& path) {
  std::string text;
  lab::must(guest.get(path, test::sink_to(text)));
  return text;
}

std::string boot_id(GuestAccess& guest) { return text_of(guest, "/proc/sys/kernel/random/boot_id"); }

std::string helper_number(GuestAccess& guest) {
  const auto text = text_of(guest, std::string("/run/moult/") + kRun + "/lock");
  return text.substr(0, text.find('\n'));
}

std::string agent_number(GuestAccess& guest) {
  return lab::in_guest(guest, {"systemctl", "show", "-p", "MainPID", "qemu-guest-agent"});
}

Command shell(const std::string& script, Millis timeout = 60s) {
  Command command;
  command.argv = {"sh", "-c", script};
  command.timeout = timeout;
  return command;
}

/// Fails the test unless the guest holds nothing of the run any more.
void check_nothing_left(GuestAccess& agent) {
  CHECK(lab::in_guest(agent, {"sh", "-c", "ls -d /run/moult 2>/dev/null; true"}).empty());
  CHECK(lab::in_guest(agent, {"sh", "-c", "grep -l moult-helper /proc/[0-9]*/comm 2>/dev/null; true"}).empty());
  CHECK(lab::in_guest(agent, {"sh", "-c", "grep moult /proc/mounts; true"}).empty());
  CHECK(lab::in_guest(agent, {"sh", "-c", "cat /sys/class/virtio-ports/*/name"}).find("org.moult") ==
        std::string::npos);
}

}  // namespace

TEST_CASE("the helper and a running command outlive a restart of the guest agent, and leave nothing", "[lab]") {
  Orchestrator orchestrator;
  std::unique_ptr<GuestSession> session;
  const auto begun = lab::time_of([&] { session = orchestrator.session(); });
  lab::report("bring the helper into a guest that runs", static_cast<double>(begun.count()), "ms");
  auto& guest = session->access();
  CHECK_THAT(text_of(guest, "/proc/" + helper_number(guest) + "/cgroup"), Catch::Contains("0::/\n"));
  const auto before = agent_number(guest);
  auto running = std::async(std::launch::async, [&] { return guest.run(shell("sleep 5; echo lived")); });
  std::this_thread::sleep_for(1s);
  lab::must(guest.run(shell("systemctl restart qemu-guest-agent")));
  CHECK(agent_number(guest) != before);
  const auto outcome = lab::must(running.get());
  CHECK(outcome.out == "lived\n");

  // Another orchestrator takes the run over.
  const auto helper = helper_number(guest);
  session.reset();
  Orchestrator second;
  session = second.session();
  CHECK(helper_number(session->access()) == helper);
  lab::must(session->announce());
  lab::must(session->remove());
  check_nothing_left(*lab::guest(second.parts, lab::original()));
}

TEST_CASE("an update may replace libc, systemd and the guest agent under the helper", "[lab]") {
  Orchestrator orchestrator;
  const auto session = orchestrator.session();
  auto& guest = session->access();
  const auto helper = helper_number(guest);
  const auto agent = agent_number(guest);
  // As dpkg does it: the new file beside the old one, then renamed over it; then what the packages' scripts do.
  const auto outcome = lab::must(guest.run(shell(R"sh(set -e
    for file in "$(readlink -f /lib/*-linux-gnu/libc.so.6)" "$(readlink -f /lib/systemd/systemd)" "$(command -v qemu-ga)"; do
      cp -p "$file" "$file.dpkg-new"; mv "$file.dpkg-new" "$file"
    done
    readlink /proc/1/exe
    systemctl daemon-reexec
    systemctl restart qemu-guest-agent
    sleep 1
    readlink /proc/1/exe
    echo lived)sh")));
  INFO(outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  const auto deleted = outcome.out.find(" (deleted)\n");
  REQUIRE(deleted != std::string::npos);  // the old systemd ran on until then
  CHECK(outcome.out.find(" (deleted)\n", deleted + 1) == std::string::npos);
  CHECK_THAT(outcome.out, Catch::EndsWith("lived\n"));
  CHECK(agent_number(guest) != agent);
  CHECK(helper_number(guest) == helper);
  lab::must(session->remove());
  check_nothing_left(*lab::guest(orchestrator.parts, lab::original()));
}

TEST_CASE("commands and content at the channel's speed", "[lab]") {
  Orchestrator orchestrator;
  const auto session = orchestrator.session();
  auto& guest = session->access();
  constexpr int rounds = 30;
  const auto runs = lab::time_of([&] {
    for (int i = 0; i < rounds; ++i) lab::must(guest.run(Command{{"true"}, {}, {}}));
  });
  lab::report("a command through the helper", static_cast<double>(runs.count()) / rounds, "ms");
  const std::string content(100'000'000, 'c');
  const std::string path = "/dev/shm/moult-content";
  const auto put = lab::time_of([&] { lab::must(guest.put(path, 0600, test::source_of(content, 1U << 20))); });
  std::size_t size = 0;
  const auto get = lab::time_of(
      [&] { lab::must(guest.get(path, [&](Bytes bytes) -> Result<> { return size += bytes.size(), Result<>(); })); });
  CHECK(size == content.size());
  lab::report("put", 1e5 / static_cast<double>(put.count()), "MB/s");
  lab::report("get", 1e5 / static_cast<double>(get.count()), "MB/s");
  lab::in_guest(guest, {"rm", path});
  lab::must(session->remove());
}

TEST_CASE("after a reboot of the guest the session comes back by itself", "[lab]") {
  Orchestrator orchestrator;
  const auto session = orchestrator.session();
  const auto before = boot_id(session->access());
  static_cast<void>(session->access().run(shell("systemctl reboot")));
  std::string now = before;
  const auto took = lab::time_of([&] {
    for (int tries = 0; tries < 600 && now == before; ++tries) {
      std::string text;
      if (session->access().get("/proc/sys/kernel/random/boot_id", test::sink_to(text))) now = text;
      std::this_thread::sleep_for(200ms);
    }
  });
  CHECK(now != before);
  lab::report("back after a reboot", static_cast<double>(took.count()), "ms");
  CHECK(lab::must(session->access().run(shell("echo again"))).out == "again\n");
  lab::must(session->remove());
  check_nothing_left(*lab::guest(orchestrator.parts, lab::original()));
}

TEST_CASE("a guest whose /run must not be executed from takes the helper all the same", "[lab]") {
  Orchestrator orchestrator;
  const auto agent = lab::guest(orchestrator.parts, lab::original());
  lab::in_guest(*agent, {"mount", "-o", "remount,noexec", "/run"});
  const lab::CleanUp exec{[&] { lab::in_guest(*agent, {"mount", "-o", "remount,exec", "/run"}); }};
  const auto session = orchestrator.session();
  CHECK(lab::must(session->access().run(shell("echo here"))).out == "here\n");
  lab::must(session->remove());
  check_nothing_left(*agent);
}

TEST_CASE("a helper answers while every file system is frozen, and its death thaws them", "[lab]") {
  Orchestrator orchestrator;
  const auto session = orchestrator.session();
  auto& guest = session->access();
  const auto helper = helper_number(guest);
  lab::must(guest.run(shell("true")));  // the shell is in memory by now
  lab::must(session->files().freeze({}, 120s));
  CHECK(session->alive(5s));
  CHECK(lab::must(guest.run(shell("echo frozen"))).out == "frozen\n");
  const auto noticed = lab::time_of([&] { CHECK_FALSE(guest.run(shell("kill -9 " + helper + "; sleep 60"))); });
  lab::report("notice a helper's death", static_cast<double>(noticed.count()), "ms");
  // The next call finds the helper gone and brings it back; the write would wait for ever in a frozen file system.
  const auto revived = lab::time_of([&] {
    const auto script = "echo x >/root/moult-thawed && sync -f /root && rm /root/moult-thawed && echo written";
    CHECK(lab::must(guest.run(shell(script))).out == "written\n");
  });
  lab::report("bring a helper back", static_cast<double>(revived.count()), "ms");
  CHECK_FALSE(lab::must(session->files().thaw()));
  lab::must(session->remove());
}
