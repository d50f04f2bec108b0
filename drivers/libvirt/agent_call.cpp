#include "drivers/libvirt/agent_call.hpp"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include "drivers/libvirt/text.hpp"

namespace moult::virt {
namespace {

constexpr Millis kGrace{2000};  // libvirt's own deadline, in seconds, should pass first: its answer says more
constexpr const char* kInstall =
    "install qemu-guest-agent in the guest and give the machine a channel named org.qemu.guest_agent.0";

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

int whole_seconds(Millis deadline) {
  return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(deadline).count());
}

/// It could not write to a disk, and answers nobody until somebody resumes it.
bool stopped_by_its_disk(virDomainPtr domain) {
  int state = VIR_DOMAIN_NOSTATE, reason = 0;
  return virDomainGetState(domain, &state, &reason, 0) == 0 && state == VIR_DOMAIN_PAUSED &&
         reason == VIR_DOMAIN_PAUSED_IOERROR;
}

}  // namespace

Error map_agent_error(int number, int origin, const std::string& text, const MachineRef& machine, Effect effect) {
  Error error = map_error(number, origin, text, "guest agent of domain " + machine.domain, effect);
  error.within("machine " + machine.name);
  if (number == VIR_ERR_ARGUMENT_UNSUPPORTED || number == VIR_ERR_AGENT_UNRESPONSIVE) {
    error.code = Code::unreachable;
    error.remedy = kInstall;
    error.disposition = Disposition::retry;
  } else if (number == VIR_ERR_OPERATION_INVALID && has(text, "not running")) {
    error.code = Code::unreachable;
    error.remedy = "start the machine";
    error.disposition = Disposition::retry;
  } else if (has(text, "frozen")) {
    error.code = Code::busy;
    error.remedy = "thaw the guest's file systems";
    error.disposition = Disposition::retry;
  } else if (error.code == Code::failed && has(text, "No such file or directory")) {
    error.code = Code::not_found;
  }
  return error;
}

Result<std::string> agent_call(Host& host, const MachineRef& machine, const std::string& request, Millis deadline,
                               Effect effect) {
  const CallSpec spec{"guest agent of domain " + machine.domain, effect, deadline + kGrace};
  return host.on_domain<std::string>(spec, machine.domain, [=](virDomainPtr domain) -> Result<std::string> {
    char* answer = virDomainQemuAgentCommand(domain, request.c_str(), whole_seconds(deadline), 0);
    if (answer != nullptr) return take_text(answer, "");
    const virErrorPtr last = virGetLastError();
    if (last == nullptr) return Unexpected(map_agent_error(0, 0, "", machine, effect));
    Error error =
        map_agent_error(last->code, last->domain, last->message == nullptr ? "" : last->message, machine, effect);
    // One that is paused, or about to start again, is "not running" too, and may answer later.
    if (error.code == Code::unreachable && virDomainIsActive(domain) == 0) error.disposition = Disposition::fail;
    if (error.code == Code::unreachable && stopped_by_its_disk(domain))
      return Unexpected(Error{
          Code::unreachable,
          "machine " + machine.name + ": domain " + machine.domain + " is paused, for a disk of it cannot be written",
          "free space where its disks are, then `virsh resume " + machine.domain + "`",
          {},
          Disposition::fail});
    return Unexpected(std::move(error));
  });
}

}  // namespace moult::virt
