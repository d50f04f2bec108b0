#include "orchestrator/cutover/disks.hpp"

#include <algorithm>

#include "drivers/component_driver.hpp"
#include "orchestrator/cutover/preparation.hpp"

namespace moult {
namespace {

std::vector<DiskMove*> moves_on(RunContext& run, const Direction& way, const MachinePair& pair) {
  std::vector<DiskMove*> moves;
  for (std::size_t i = 0; i < run.work.plan.data.size(); ++i)
    if (run.work.plan.data[i].machine == pair.original.name)
      if (auto* move = way.sets(run)[i]->disk_move()) moves.push_back(move);
  return moves;
}

using OnMachine = std::function<Result<>(const MachinePair&, const std::vector<DiskMove*>&)>;

/// Machines side by side, of those that have disks that change hands.
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

std::vector<const Component*> components_with_disks(RunContext& run, const MachinePair& pair) {
  std::vector<const Component*> found;
  for (const auto& component : run.work.maintenance.components)
    if (component.machine == pair.original.name && has_disk(component)) found.push_back(&component);
  return found;
}

Result<bool> is_on(RunContext& run, const MachineRef& machine) {
  MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(machine));
  return facts.state == PowerState::running;
}

Result<> stop_services(RunContext& run, const MachinePair& pair, const MachineRef& machine) {
  for (const auto* component : components_with_disks(run, pair))
    MOULT_TRY(run.hook("stop", component->hooks.stop, machine));
  return {};
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

Result<> start_services_on(RunContext& run, const MachinePair& pair, const MachineRef& machine) {
  MOULT_ASSIGN(const bool on, is_on(run, machine));
  if (!on) return {};  // its services start with it
  return machine == pair.clone ? start_on_clone(run, pair) : start_services(run, pair, StartWhen::with_disk);
}

/// A side that is to be left, and may be broken: what cannot be stopped in it is told of, and unmounting it says more.
void stop_if_possible(RunContext& run, const MachinePair& pair, const MachineRef& machine) {
  const auto on = is_on(run, machine);
  if (!on || !*on) return;
  if (auto stopped = stop_services(run, pair, machine); !stopped)
    run.world.observer.warn("services with a disk may run on: " + stopped.error().describe());
}

Result<> give_with_writes(RunContext& run, const MachinePair& pair) {
  MOULT_TRY(stop_services(run, pair, pair.clone));
  for (std::size_t i = 0; i < run.work.plan.data.size(); ++i) {
    const auto& data = run.work.plan.data[i];
    auto* move = run.back[i]->disk_move();
    if (data.machine != pair.original.name || move == nullptr) continue;
    if (data.one_way) return fail(Code::refused, "what was written to " + data.set + " has no way back");
    MOULT_TRY(move->hand_over());
  }
  return start_services_on(run, pair, pair.original);
}

/// The last hand-over of which the journal knows, unless it was taken back: "cutover", "rollback" or empty.
Result<std::string> last_hand_over(RunContext& run) {
  MOULT_ASSIGN(const auto steps, run.world.store.journal().steps(run.id()));
  std::string last;
  for (const auto& step : steps)
    if (step.step == kHandOver && step.outcome != StepOutcome::undone) last = step.subject;
  return last;
}

}  // namespace

bool has_disk(const Component& component) {
  return std::any_of(component.data.begin(), component.data.end(),
                     [](const DataSpec& data) { return data.kind == DataKind::handover; });
}

bool has_disks(const RunContext& run) {
  const auto& components = run.work.maintenance.components;
  return std::any_of(components.begin(), components.end(), has_disk);
}

Result<> lend_disks(RunContext& run) {
  return each_with_disks(run, Direction{true}, [&run](const MachinePair& pair, const auto& moves) -> Result<> {
    bool lent = false;
    for (auto* move : moves) {
      MOULT_ASSIGN(const bool one, move->lend());
      lent = lent || one;
    }
    if (!lent) return {};
    for (std::size_t i = 0; i < run.forward.size(); ++i)
      if (run.work.plan.data[i].machine == pair.original.name && run.forward[i]->disk_move() != nullptr)
        MOULT_TRY(run.forward[i]->migrate_all());
    return start_services_on(run, pair, pair.clone);
  });
}

Result<> rehearse_disks(RunContext& run) {
  if (!has_disks(run)) return {};
  MOULT_TRY(lend_disks(run));
  const auto begin = run.platform().clock().steady();
  MOULT_TRY(clear_disks(run, Direction{true}));
  MOULT_TRY(lend_disks(run));
  run.hand_over_takes = std::chrono::duration_cast<Millis>(run.platform().clock().steady() - begin);
  return {};
}

Result<> clear_disks(RunContext& run, const Direction& way) {
  return each_with_disks(run, way, [&](const MachinePair& pair, const auto& moves) -> Result<> {
    MOULT_TRY(stop_services(run, pair, way.next(pair)));
    return each_move(moves, &DiskMove::clear_target);
  });
}

Result<> hand_over_disks(RunContext& run, const Direction& way) {
  return each_with_disks(run, way, [&](const MachinePair& pair, const auto& moves) -> Result<> {
    MOULT_TRY(stop_services(run, pair, way.serving(pair)));
    MOULT_TRY(each_move(moves, &DiskMove::hand_over));
    return start_services_on(run, pair, way.next(pair));
  });
}

Result<> hand_back_disks(RunContext& run, const Direction& way, bool written) {
  if (written && !way.forward) return fail(Code::refused, "the original may have been written to");
  const auto back = each_with_disks(run, way, [&](const MachinePair& pair, const auto& moves) -> Result<> {
    if (written) return give_with_writes(run, pair);
    stop_if_possible(run, pair, way.next(pair));
    MOULT_TRY(each_move(moves, &DiskMove::hand_back));
    return start_services_on(run, pair, way.serving(pair));
  });
  MOULT_TRY(back);
  return run.ledger.take_back(kHandOver, way.word());
}

Result<> return_disks(RunContext& run, const Direction& gone) {
  if (!has_disks(run)) return {};
  MOULT_ASSIGN(const auto last, last_hand_over(run));
  if (last != gone.word()) return {};
  return hand_back_disks(run, gone, false);
}

}  // namespace moult
