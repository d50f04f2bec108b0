#include "orchestrator/main/libvirt_platform.hpp"

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "drivers/guest/client/helper_connector.hpp"
#include "drivers/libvirt/platform_parts.hpp"

namespace moult {
namespace {

/// Machines of an appliance are few; what bounds the threads is the hosts' patience, not this machine.
constexpr unsigned kThreads = 16;
/// How long a probe waits for a guest agent that should be there.
constexpr Millis kAgentDeadline{5000};

class LibvirtPlatform final : public Platform {
 public:
  explicit LibvirtPlatform(const std::string& helper)
      : clock_(make_system_clock()),
        workers_(make_thread_workers(kThreads)),
        guests_([this](const MachineRef& machine) { return parts_.agent(machine, kAgentDeadline); }, parts_.channels(),
                helper, *clock_) {}

  MachineLifecycle& lifecycle() override { return parts_.lifecycle(); }
  ApplianceCloner& cloner() override { return parts_.cloner(); }
  NetworkPort& network() override { return parts_.network(); }
  DiskHandover& disks() override { return parts_.disks(); }
  DiskThrottle& throttle() override { return parts_.throttle(); }
  GuestConnector& guests() override { return guests_; }
  Clock& clock() override { return *clock_; }
  Workers& workers() override { return *workers_; }
  Result<std::unique_ptr<Entry>> entry(const EntrySpec& spec) override { return make_entry(spec); }

 private:
  LibvirtParts parts_;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Workers> workers_;
  guest::HelperConnector guests_;
};

}  // namespace

std::unique_ptr<Platform> make_libvirt_platform(const std::string& helper) {
  return std::make_unique<LibvirtPlatform>(helper);
}

Result<std::string> find_helper() {
  std::vector<std::string> places;
  if (const char* named = std::getenv("MOULT_HELPER"); named != nullptr && *named != '\0') places.emplace_back(named);
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  places.push_back(here / "../libexec/moult/moult-helper");
  places.push_back(here / "../drivers/guest/moult-helper");
  std::string tried;
  for (const auto& place : places) {
    if (std::filesystem::is_regular_file(place, error)) return std::filesystem::canonical(place).string();
    tried += "\n  " + place;
  }
  return fail(Code::not_found, "the guest helper is not where it should be:" + tried,
              "Install moult whole, or set MOULT_HELPER.");
}

}  // namespace moult
