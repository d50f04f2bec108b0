#include <poll.h>
#include <signal.h>

#include <fstream>
#include <future>
#include <latch>
#include <thread>

#include "catch.hpp"
#include "drivers/host_command.hpp"
#include "drivers/libvirt/host.hpp"
#include "lab_world.hpp"

using namespace moult;
using namespace std::chrono_literals;

namespace {

constexpr const char* kPort = "org.moult.restarttest";

pid_t daemon_pid() {
  pid_t pid = 0;
  std::ifstream("/run/libvirtd.pid") >> pid;
  return pid;
}

void kill_daemon() {
  const auto pid = daemon_pid();
  REQUIRE(pid > 1);
  REQUIRE(::kill(pid, SIGKILL) == 0);
  std::this_thread::sleep_for(300ms);
}

void start_daemon() {
  lab::must(run_on_host(Command{{"libvirtd", "--daemon", "--config", "/etc/libvirt/libvirtd.conf"}, {}, {}}));
  for (int i = 0; i < 300; ++i) {
    const auto listed = run_on_host(Command{{"virsh", "-q", "-c", lab::original().uri, "list"}, {}, {}});
    if (listed && listed->good()) return;
    std::this_thread::sleep_for(100ms);
  }
  lab::give_up("libvirtd did not come back");
}

bool ends(const Fd& fd) {
  pollfd watched{fd.get(), POLLIN, 0};
  char byte = 0;
  return ::poll(&watched, 1, 10000) == 1 && ::read(fd.get(), &byte, 1) <= 0;
}

}  // namespace

TEST_CASE("a libvirtd that its host starts again is waited for", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto machine = lab::original();
  (void)lab::must(parts.lifecycle().inspect(machine));
  kill_daemon();
  std::thread host([] {
    std::this_thread::sleep_for(2s);
    start_daemon();
  });
  const auto facts = parts.lifecycle().inspect(machine);
  host.join();
  CHECK(lab::must(facts).state == PowerState::running);
  (void)lab::guest(parts, machine);  // the new daemon finds the agents again a moment later
}

TEST_CASE("many calls, on several connections, go on when a libvirtd that was killed is started again", "[lab]") {
  lab::require_lab();
  virt::Hosts hosts;
  auto& host = hosts.at(lab::original().uri);
  // More than there are connections; each waits until all are there.
  const auto all_at_once = [&host] {
    const auto all = std::make_shared<std::latch>(10);
    std::vector<std::future<Result<>>> calls;
    for (int i = 0; i < 10; ++i)
      calls.push_back(std::async(std::launch::async, [&host, all] {
        return host.on_domain<void>({"wait for others", virt::Effect::none, 60s}, lab::original().domain,
                                    [all](_virDomain*) -> Result<> {
                                      all->arrive_and_wait();
                                      return {};
                                    });
      }));
    for (auto& call : calls) lab::must(call.get());
  };
  all_at_once();
  kill_daemon();
  std::thread daemon([] {
    std::this_thread::sleep_for(2s);
    start_daemon();
  });
  lab::CleanUp join{[&] { daemon.join(); }};
  all_at_once();
  LibvirtParts parts;
  (void)lab::guest(parts, lab::original());
}

TEST_CASE("a killed libvirtd is unreachable, ends channels and is told; the next one is found again", "[lab]") {
  lab::require_lab();
  LibvirtParts parts;
  const auto machine = lab::original();
  (void)lab::guest(parts, machine);
  lab::must(parts.channels().attach(machine, kPort));
  const Fd channel = lab::must(parts.channels().open(machine, kPort));
  lab::must(parts.network().create("restart", machine.uri));
  lab::must(parts.network().move("restart", machine, machine, Side::sealed));
  virt::Hosts hosts;
  lab::must(hosts.at(machine.uri).connection());
  const auto told = hosts.at(machine.uri).events().told();

  kill_daemon();
  CHECK(ends(channel));
  const auto down = parts.lifecycle().inspect(machine);
  REQUIRE_FALSE(down);
  CHECK(down.error().code == Code::unreachable);
  CHECK(down.error().message.find(machine.uri) != std::string::npos);
  CHECK_FALSE(parts.lifecycle().inspect(machine));  // and it is not waited for again
  hosts.at(machine.uri).events().await(told, 20s);
  CHECK(hosts.at(machine.uri).events().told() > told);

  start_daemon();
  std::this_thread::sleep_for(1100ms);  // a failure is repeated for a second
  CHECK(lab::must(parts.lifecycle().inspect(machine)).state == PowerState::running);
  CHECK(lab::must(parts.network().where("restart", machine)) == Side::sealed);
  lab::must(parts.network().move("restart", machine, machine, Side::production));
  lab::must(parts.network().remove("restart", machine.uri));
  CHECK(lab::must(parts.channels().open(machine, kPort)));
  lab::must(parts.channels().detach(machine, kPort));
  (void)lab::guest(parts, machine);
}
