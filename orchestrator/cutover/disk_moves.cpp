#include "orchestrator/cutover/disk_moves.hpp"

#include "drivers/component_driver.hpp"
#include "orchestrator/cutover/disks.hpp"
#include "orchestrator/cutover/preparation.hpp"

namespace moult {
namespace {

std::vector<const Component*> components_with_disks(RunContext& run, const MachinePair& pair) {
  std::vector<const Component*> found;
  for (const auto& component : run.work.maintenance.components)
    if (component.machine == pair.original.name && has_disk(component)) found.push_back(&component);
  return found;
}

/// On the clone what was updated serves: told of its final data where it must be.
Result<> start_on_clone(RunContext& run, const MachinePair& pair) {
  for (const auto* component : components_with_disks(run, pair)) {
    const bool updated = run.is_updated(component->name);
    const bool told = updated && !component->hooks.activate.empty();
    MOULT_TRY(run.hook("start", component->hooks.start, pair.clone));
    if (told) MOULT_TRY(run.hook("activate", component->hooks.activate, pair.clone));
    if (!updated) continue;
    MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.clone));
    MOULT_TRY(run_check(component->check, session->access(), run.platform().clock()));
  }
  return {};
}

}  // namespace

std::vector<DiskMove*> moves_on(RunContext& run, const Direction& way, const MachinePair& pair) {
  std::vector<DiskMove*> moves;
  for (std::size_t i = 0; i < run.work.plan.data.size(); ++i)
    if (run.work.plan.data[i].machine == pair.original.name)
      if (auto* move = way.sets(run)[i]->disk_move()) moves.push_back(move);
  return moves;
}

Result<> each_with_disks(RunContext& run, const Direction& way, const OnMachine& job) {
  return run.each_machine([&](const MachinePair& pair) -> Result<> {
    const auto moves = moves_on(run, way, pair);
    return moves.empty() ? Result<>{} : job(pair, moves);
  });
}

Result<> each_move(const std::vector<DiskMove*>& moves, Result<> (DiskMove::*what)()) {
  for (auto* move : moves) MOULT_TRY((move->*what)());
  return {};
}

Result<bool> runs(RunContext& run, const MachineRef& machine) {
  MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(machine));
  return facts.state == PowerState::running;
}

Result<> stop_services_with_disks(RunContext& run, const MachinePair& pair, const MachineRef& machine) {
  for (const auto* component : components_with_disks(run, pair))
    MOULT_TRY(run.hook("stop", component->hooks.stop, machine));
  return {};
}

Result<> start_services_with_disks(RunContext& run, const MachinePair& pair, const MachineRef& machine) {
  MOULT_ASSIGN(const bool on, runs(run, machine));
  if (!on) return {};  // its services start with it
  return machine == pair.clone ? start_on_clone(run, pair) : start_services(run, pair, StartWhen::with_disk);
}

}  // namespace moult
