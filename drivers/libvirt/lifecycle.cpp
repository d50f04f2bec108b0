#include "drivers/libvirt/lifecycle.hpp"

#include <libvirt/libvirt.h>

#include <algorithm>

#include "drivers/libvirt/agent_access.hpp"
#include "drivers/libvirt/cloner_domains.hpp"
#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr Millis kStartDeadline{60000};
constexpr Millis kChangeDeadline{30000};
constexpr Millis kLookAgain{500};  ///< where no event tells that the machine is off

PowerState state_of(virDomainPtr domain) {
  int state = VIR_DOMAIN_NOSTATE;
  int reason = 0;
  virDomainGetState(domain, &state, &reason, 0);
  switch (state) {
    case VIR_DOMAIN_PAUSED:
    case VIR_DOMAIN_PMSUSPENDED:
      return PowerState::paused;
    case VIR_DOMAIN_CRASHED:
      return PowerState::crashed;
    case VIR_DOMAIN_SHUTOFF:
      return reason == VIR_DOMAIN_SHUTOFF_CRASHED || reason == VIR_DOMAIN_SHUTOFF_FAILED ? PowerState::crashed
                                                                                         : PowerState::off;
    default:
      return PowerState::running;
  }
}

void add_sizes(virDomainPtr domain, DiskFacts& disk) {
  virDomainBlockInfo info{};
  if (disk.path.empty() || virDomainGetBlockInfo(domain, disk.target.c_str(), &info, 0) < 0) return;
  disk.virtual_bytes = info.capacity;
  // A raw file may have holes; of a growing format the file is as long as what it holds.
  disk.allocated_bytes = disk.format == "raw" ? info.allocation : info.physical;
}

Result<MachineFacts> facts_of(virDomainPtr domain) {
  MOULT_ASSIGN(const std::string xml, domain_xml(domain, Which::live));
  MOULT_ASSIGN(const Description seen, read_description(xml));
  MachineFacts facts;
  facts.state = state_of(domain);
  facts.uuid = seen.uuid;
  facts.persistent = virDomainIsPersistent(domain) == 1;
  int autostart = 0;
  virDomainGetAutostart(domain, &autostart);
  facts.autostart = autostart == 1;
  facts.has_agent = seen.has_channel(kAgentPort);
  facts.has_tpm = seen.has_tpm;
  facts.memory_kib = seen.memory_kib;
  facts.nics = seen.nics;
  for (const auto& disk : seen.disks) {
    facts.disks.push_back({disk.target, disk.path, disk.format, disk.read_only, disk.chain});
    add_sizes(domain, facts.disks.back());
  }
  return facts;
}

Result<> power_off(virDomainPtr domain) {
  if (!is_running(domain) || virDomainDestroy(domain) == 0 || !is_running(domain)) return {};
  return virt_fail(std::string("power off domain ") + virDomainGetName(domain), Effect::changes);
}

}  // namespace

Result<MachineFacts> Lifecycle::inspect(const MachineRef& machine) {
  auto facts =
      hosts_.at(machine.uri).on_domain<MachineFacts>({"inspect domain " + machine.domain}, machine.domain, facts_of);
  if (!facts && facts.error().code == Code::not_found) return MachineFacts{};
  return facts;
}

Result<> Lifecycle::start(const MachineRef& machine) {
  const std::string what = "start domain " + machine.domain;
  MOULT_TRY(take_over_name(hosts_.at(machine.uri), machine.domain));
  return hosts_.at(machine.uri)
      .on_domain<void>({what, Effect::changes, kStartDeadline}, machine.domain,
                       [what](virDomainPtr domain) -> Result<> {
                         if (state_of(domain) == PowerState::paused) {
                           if (virDomainResume(domain) < 0) return virt_fail(what, Effect::changes);
                         } else if (!is_running(domain) && virDomainCreate(domain) < 0 && !is_running(domain)) {
                           return virt_fail(what, Effect::changes);
                         }
                         return {};
                       });
}

Result<> Lifecycle::stop(const MachineRef& machine, Millis grace) {
  auto& host = hosts_.at(machine.uri);
  const std::string what = "stop domain " + machine.domain;
  const auto running = [&] {
    return host.on_domain<bool>({what}, machine.domain,
                                [](virDomainPtr domain) -> Result<bool> { return is_running(domain); });
  };
  // A guest that refuses to shut down, or cannot be asked, is powered off below.
  if (grace > Millis::zero()) {
    (void)host.on_domain<void>({what, Effect::changes, std::min(grace, kChangeDeadline)}, machine.domain,
                               [](virDomainPtr domain) -> Result<> {
                                 if (is_running(domain)) virDomainShutdown(domain);
                                 return {};
                               });
  }
  const auto until = std::chrono::steady_clock::now() + grace;
  while (true) {
    const auto told = host.events().told();
    const auto alive = running();
    if (!alive && alive.error().code == Code::not_found) return {};
    if (!alive) return Unexpected(alive.error());
    if (!*alive) return take_over_name(host, machine.domain);
    const auto left = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    if (left <= Millis::zero()) break;
    host.events().await(told, std::min(left, kLookAgain));
  }
  MOULT_TRY(host.on_domain<void>({what, Effect::changes, kChangeDeadline}, machine.domain, power_off));
  return take_over_name(host, machine.domain);
}

namespace {

/// libvirt calls a reboot done when the agent took the word, also where the guest then cannot (the agent's `shutdown`
/// needs logind). systemd, asked directly, answers for itself; a moment before it begins, so that the answer still
/// comes through.
bool rebooted_by_systemd(Host& host, const MachineRef& machine) {
  Command command;
  command.argv = {"systemd-run", "--quiet", "--no-block", "--on-active=1s", "--timer-property=AccuracySec=100ms",
                  "systemctl",   "reboot"};
  command.timeout = kChangeDeadline;
  const auto outcome = make_agent_access(host, machine)->run(command);
  return outcome ? outcome->good() : outcome.error().disposition == Disposition::ambiguous;
}

}  // namespace

Result<> Lifecycle::reboot(const MachineRef& machine) {
  if (rebooted_by_systemd(hosts_.at(machine.uri), machine)) return {};
  const std::string what = "reboot domain " + machine.domain;
  return hosts_.at(machine.uri)
      .on_domain<void>({what, Effect::changes, kChangeDeadline}, machine.domain,
                       [what](virDomainPtr domain) -> Result<> {
                         if (virDomainReboot(domain, 0) == 0) return {};
                         return virt_fail(what, Effect::changes);
                       });
}

Result<> Lifecycle::set_autostart(const MachineRef& machine, bool on) {
  const std::string what = "set autostart of domain " + machine.domain;
  return hosts_.at(machine.uri)
      .on_domain<void>({what, Effect::changes, kChangeDeadline}, machine.domain,
                       [what, on](virDomainPtr domain) -> Result<> {
                         if (virDomainSetAutostart(domain, on ? 1 : 0) == 0) return {};
                         return virt_fail(what, Effect::changes);
                       });
}

}  // namespace moult::virt
