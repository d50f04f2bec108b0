#include "drivers/libvirt/virt_error.hpp"

#include <libvirt/virterror.h>

namespace moult::virt {
namespace {

bool is_absence(int number) {
  switch (number) {
    case VIR_ERR_NO_DOMAIN:
    case VIR_ERR_NO_NETWORK:
    case VIR_ERR_NO_STORAGE_POOL:
    case VIR_ERR_NO_STORAGE_VOL:
    case VIR_ERR_NO_DOMAIN_METADATA:
      return true;
    default:
      return false;
  }
}

bool is_agent_silence(int number) { return number == VIR_ERR_AGENT_UNRESPONSIVE || number == VIR_ERR_AGENT_UNSYNCED; }

bool is_lost_connection(int number, int origin) {
  return number == VIR_ERR_NO_CONNECT || number == VIR_ERR_RPC || origin == VIR_FROM_RPC || origin == VIR_FROM_REMOTE;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

Code code_of(int number, int origin, const std::string& text) {
  if (is_absence(number)) return Code::not_found;
  if (number == VIR_ERR_AUTH_FAILED || number == VIR_ERR_AUTH_CANCELLED || number == VIR_ERR_AUTH_UNAVAILABLE)
    return Code::refused;
  if (is_agent_silence(number) || is_lost_connection(number, origin)) return Code::unreachable;
  if (number == VIR_ERR_OPERATION_TIMEOUT) return Code::timeout;
  if (has(text, "No space left") || has(text, "disk full")) return Code::no_space;
  return Code::failed;
}

std::string remedy_of(Code code, int number) {
  if (is_agent_silence(number)) return "see that qemu-guest-agent runs in the guest";
  switch (code) {
    case Code::unreachable:
      return "see that libvirtd runs on that host and that `virsh -c URI list` works";
    case Code::refused:
      return "run as a user whom libvirt lets manage machines (root, or a member of group libvirt)";
    case Code::timeout:
      return "another libvirt call holds the machine; try again when it has ended";
    case Code::no_space:
      return "free space in the directory of the machine's disks";
    default:
      return {};
  }
}

}  // namespace

Error map_error(int number, int origin, const std::string& text, const std::string& what, Effect effect) {
  Error error;
  error.code = code_of(number, origin, text);
  error.message = what + ": " + (text.empty() ? "libvirt gave no reason" : text);
  error.remedy = remedy_of(error.code, number);
  if (error.code == Code::unreachable)
    error.disposition = effect == Effect::changes ? Disposition::ambiguous : Disposition::retry;
  // libvirt refuses at once what it cannot do: an unresponsive agent was not asked, a lock that was not had changed
  // nothing.
  if (number == VIR_ERR_AGENT_UNRESPONSIVE || number == VIR_ERR_OPERATION_TIMEOUT)
    error.disposition = Disposition::retry;
  return error;
}

Error last_error(const std::string& what, Effect effect) {
  const virErrorPtr last = virGetLastError();
  if (last == nullptr) return map_error(0, 0, "", what, effect);
  return map_error(last->code, last->domain, last->message == nullptr ? "" : last->message, what, effect);
}

bool last_error_is_absence() { return is_absence(virGetLastErrorCode()); }

Error deadline_error(const std::string& what, long long millis, Effect effect) {
  Error error;
  error.code = Code::timeout;
  error.message = what + ": no answer within " + std::to_string(millis) + " ms";
  error.remedy = "see whether libvirtd on that host is stuck";
  error.disposition = effect == Effect::changes ? Disposition::ambiguous : Disposition::retry;
  return error;
}

}  // namespace moult::virt
