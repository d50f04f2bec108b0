#include "lab_world.hpp"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>

#include "drivers/host_command.hpp"

namespace moult::lab {
namespace {

std::string setting(const char* name, const char* otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

}  // namespace

MachineRef original() {
  return {"app", setting("LIBVIRT_DEFAULT_URI", "qemu:///system"), setting("MOULT_LAB_DOMAIN", "notes-app")};
}

std::string address() { return setting("MOULT_LAB_ADDRESS", "10.77.0.12"); }

void give_up(const std::string& why) { throw std::runtime_error(why); }

void must(Result<void> result) {
  if (!result) give_up(result.error().describe());
}

void require_lab() {
  std::signal(SIGPIPE, SIG_IGN);  // as the program does: libvirt's client writes to sockets that may be gone
  if (!std::filesystem::exists("/run/moult-lab"))
    give_up("this test needs the lab's machines: tests/lab/run ctest -L lab");
}

Millis time_of(const std::function<void()>& work) {
  const auto from = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - from);
}

void report(const std::string& what, double value, const std::string& unit) {
  std::cout << "measured: " << what << ": " << value << " " << unit << std::endl;
}

std::unique_ptr<GuestAccess> guest(LibvirtParts& parts, const MachineRef& machine) {
  return must(parts.agent(machine, std::chrono::minutes{5}));
}

std::string in_guest(GuestAccess& guest, std::vector<std::string> argv) {
  const auto outcome = must(guest.run(Command{std::move(argv), {}, {}}));
  if (!outcome.good()) give_up("in the guest: " + outcome.err + outcome.out);
  return outcome.out;
}

bool reachable(const std::string& address) {
  const auto outcome = run_on_host(Command{{"busybox", "ping", "-c", "1", "-W", "1", address}, {}, {}});
  return outcome && outcome->good();
}

std::string virsh(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"virsh", "-q", "-c", original().uri});
  const auto outcome = must(run_on_host(Command{std::move(arguments), {}, {}}));
  return outcome.out + outcome.err;
}

}  // namespace moult::lab
