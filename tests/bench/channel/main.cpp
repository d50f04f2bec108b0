// bench-channel DOMAIN HELPER FILE REQUESTS: through a session with a helper in the guest, reads FILE and runs `true`
// so often; prints what a MiB and what a request took, as JSON.
#include <chrono>
#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "drivers/guest/client/helper_connector.hpp"
#include "drivers/libvirt/platform_parts.hpp"

namespace {

using namespace moult;
using SteadyClock = std::chrono::steady_clock;
constexpr Millis kPatience{30'000};

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().describe());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double us_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double, std::micro>(SteadyClock::now() - begin).count();
}

double us_per_mib(GuestAccess& guest, const std::string& path) {
  std::size_t bytes = 0;
  const auto begin = SteadyClock::now();
  must(guest.get(path, [&bytes](Bytes part) -> Result<> {
    bytes += part.size();
    return {};
  }));
  return us_since(begin) / (static_cast<double>(bytes) / (1U << 20U));
}

double answer_ms(GuestSession& session, int requests) {
  const auto begin = SteadyClock::now();
  for (int i = 0; i < requests; ++i)
    if (!session.alive(kPatience)) throw std::runtime_error("the helper does not answer");
  return us_since(begin) / requests / 1000;
}

double command_ms(GuestAccess& guest, const std::vector<std::string>& argv, int times) {
  const auto begin = SteadyClock::now();
  for (int i = 0; i < times; ++i)
    if (!must(guest.run({argv, {}, {}})).good()) throw std::runtime_error("a command failed in the guest");
  return us_since(begin) / times / 1000;
}

/// One process after the other, started by a shell in the guest.
double start_ms(GuestAccess& guest) {
  constexpr int kProcesses = 100;
  const auto loop = "i=0; while [ $i -lt " + std::to_string(kProcesses) + " ]; do /bin/true; i=$((i+1)); done";
  return command_ms(guest, {"sh", "-c", loop}, 1) / kProcesses;
}

nlohmann::json measure(const std::string& domain, const std::string& helper, const std::string& file, int requests) {
  LibvirtParts parts;
  const auto clock = make_system_clock();
  guest::HelperConnector guests([&parts](const MachineRef& machine) { return parts.agent(machine, kPatience); },
                                parts.channels(), helper, *clock);
  const MachineRef machine{"measured", "qemu:///system", domain};
  const auto session = must(guests.session("bench", machine, kPatience));
  const nlohmann::json figures{{"us_per_mib", us_per_mib(session->access(), file)},
                               {"answer_ms", answer_ms(*session, requests)},
                               {"command_ms", command_ms(session->access(), {"true"}, requests)},
                               {"start_ms", start_ms(session->access())}};
  must(session->remove());
  return figures;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: bench-channel DOMAIN HELPER FILE REQUESTS\n";
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);  // libvirt's client writes to sockets that may be gone
  try {
    std::cout << measure(argv[1], argv[2], argv[3], std::stoi(argv[4])).dump() << "\n";
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << "bench-channel: " << failure.what() << "\n";
    return 1;
  }
}
