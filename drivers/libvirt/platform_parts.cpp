#include "drivers/libvirt/platform_parts.hpp"

#include <algorithm>

#include "drivers/libvirt/agent_access.hpp"
#include "drivers/libvirt/agent_call.hpp"
#include "drivers/libvirt/channels.hpp"
#include "drivers/libvirt/cloner.hpp"
#include "drivers/libvirt/disk_handover.hpp"
#include "drivers/libvirt/disk_limits.hpp"
#include "drivers/libvirt/host.hpp"
#include "drivers/libvirt/lifecycle.hpp"
#include "drivers/libvirt/networks.hpp"

namespace moult {
namespace {

constexpr Millis kPingAgain{500};  ///< where no event tells that the agent has come
constexpr Millis kPingDeadline{5000};

// Trying again helps while a guest boots; a machine without the channel will not get one by waiting.
bool worth_waiting(const Error& error) {
  return error.code == Code::timeout ||
         (error.code == Code::unreachable && error.message.find("not configured") == std::string::npos);
}

// A guest may take minutes to answer; a host that came back within that time would have done so within its own
// patience.
Result<> host_answers(virt::Host& host) {
  auto connection = host.connection();
  if (connection) return {};
  connection.error().disposition = Disposition::fail;
  return pass(std::move(connection));
}

}  // namespace

struct LibvirtParts::Members {
  virt::Hosts hosts;
  virt::Lifecycle lifecycle{hosts};
  virt::Cloner cloner{hosts};
  virt::OverlayStore store;
  virt::DiskHandover disks{hosts, store};
  virt::Networks networks{hosts};
  virt::DiskLimits limits{hosts};
  virt::Channels channels{hosts};
};

LibvirtParts::LibvirtParts() : members_(std::make_unique<Members>()) {}
LibvirtParts::~LibvirtParts() = default;

MachineLifecycle& LibvirtParts::lifecycle() { return members_->lifecycle; }
ApplianceCloner& LibvirtParts::cloner() { return members_->cloner; }
DiskHandover& LibvirtParts::disks() { return members_->disks; }
NetworkPort& LibvirtParts::network() { return members_->networks; }
DiskThrottle& LibvirtParts::throttle() { return members_->limits; }
ChannelOpener& LibvirtParts::channels() { return members_->channels; }

Result<std::unique_ptr<GuestAccess>> LibvirtParts::agent(const MachineRef& machine, Millis deadline) {
  auto& host = members_->hosts.at(machine.uri);
  const auto until = std::chrono::steady_clock::now() + deadline;
  while (true) {
    const auto told = host.events().told();
    const auto answer =
        virt::agent_call(host, machine, R"({"execute":"guest-ping"})", kPingDeadline, virt::Effect::none);
    if (answer) return virt::make_agent_access(host, machine);
    MOULT_TRY(host_answers(host));
    const auto left = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    if (!worth_waiting(answer.error()) || left <= Millis::zero()) return Unexpected(answer.error());
    host.events().await(told, std::min(left, kPingAgain));
  }
}

}  // namespace moult
