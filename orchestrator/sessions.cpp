#include "orchestrator/sessions.hpp"

namespace moult {
namespace {
std::string key_of(const MachineRef& machine) { return machine.uri + " " + machine.domain; }
}  // namespace

std::shared_ptr<Sessions::Slot> Sessions::slot_of(const MachineRef& machine) {
  const std::lock_guard lock(mutex_);
  auto& slot = slots_[key_of(machine)];
  if (!slot) slot = std::make_shared<Slot>();
  return slot;
}

Result<GuestSession*> Sessions::of(const MachineRef& machine) {
  const auto slot = slot_of(machine);
  const std::lock_guard opening(slot->opening);
  if (!slot->session) {
    auto session = guests_.session(run_, machine, boot_);
    if (!session) return pass(std::move(session), "machine " + machine.name);
    slot->session = std::move(*session);
  }
  return slot->session.get();
}

Result<> Sessions::remove(const MachineRef& machine) {
  MOULT_ASSIGN(GuestSession * session, of(machine));
  letting_go_(machine);
  MOULT_TRY(session->remove());
  drop(machine);
  return {};
}

void Sessions::drop(const MachineRef& machine) {
  letting_go_(machine);
  const std::lock_guard lock(mutex_);
  slots_.erase(key_of(machine));
}

}  // namespace moult
