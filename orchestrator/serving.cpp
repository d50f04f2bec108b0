#include "orchestrator/serving.hpp"

#include <algorithm>

#include "orchestrator/cutover/disks.hpp"

namespace moult {
namespace {

Result<bool> is_on(RunContext& run, const MachineRef& machine) {
  MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(machine));
  return facts.state == PowerState::running || facts.state == PowerState::paused;
}

/// A machine that is off answers nobody. One that cannot be moved is powered off: both sides must never be reached at
/// once.
Result<> leave(RunContext& run, const MachinePair& pair, const MachineRef& machine, Side to) {
  MOULT_ASSIGN(const bool on, is_on(run, machine));
  if (!on) return {};
  auto moved = run.platform().network().move(run.id(), pair.original, machine, to);
  if (moved || machine == pair.original) return moved;
  return run.platform().lifecycle().stop(machine, Millis{0});
}

/// An original that is off is so by somebody else's will.
Result<> enter(RunContext& run, const MachinePair& pair, const MachineRef& machine) {
  if (machine == pair.clone) MOULT_TRY(wake_clone(run, pair));
  MOULT_ASSIGN(const auto side, run.platform().network().where(run.id(), machine));
  if (side == Side::production) return {};
  return run.platform().network().move(run.id(), pair.original, machine, Side::production);
}

/// A helper that is gone has thawed what it froze, and one that is mute does so when its lease ends.
void thaw(RunContext& run, const MachineRef& machine) {
  auto session = run.sessions.of(machine);
  auto thawed = session ? (*session)->files().thaw() : Result<bool>(Unexpected(session.error()));
  if (!thawed) run.world.observer.warn("a freeze, should there be one, ends by itself: " + thawed.error().describe());
}

std::string autostart_key(const MachinePair& pair) { return "autostart." + pair.original.name; }

Result<> serve(RunContext& run, const Direction& gone) {
  const auto out = [&](const MachinePair& pair) { return leave(run, pair, gone.next(pair), gone.waiting_place()); };
  const auto in = [&](const MachinePair& pair) -> Result<> {
    MOULT_TRY(enter(run, pair, gone.serving(pair)));
    thaw(run, gone.serving(pair));
    return gone.forward ? run.platform().network().lift_seal(pair.original) : Result<>{};
  };
  MOULT_TRY(run.each_machine(out));
  MOULT_TRY(return_disks(run, gone));
  MOULT_TRY(run.each_machine(in));
  return let_clients_go(run);
}

}  // namespace

Result<std::string> journal_value(RunContext& run, const char* key) {
  auto value = run.world.store.journal().value(run.id(), key);
  if (!value && value.error().code == Code::not_found) return std::string();
  return value;
}

Result<bool> may_have_switched(RunContext& run, const Direction& way) {
  MOULT_ASSIGN(const auto steps, run.world.store.journal().steps(run.id()));
  const bool begun = std::any_of(steps.begin(), steps.end(), [&](const StepRecord& step) {
    return step.step == "switch" && step.subject == way.word() && step.outcome != StepOutcome::undone;
  });
  if (!begun) return false;
  MOULT_ASSIGN(const bool given_back, were_given_back(run, way));
  if (given_back) return false;
  for (const auto& pair : run.machines()) {
    MOULT_ASSIGN(const auto side, run.platform().network().where(run.id(), way.serving(pair)));
    if (side != Side::production) return true;
  }
  return false;
}

Result<> wake_clone(RunContext& run, const MachinePair& pair) {
  MOULT_ASSIGN(const bool on, is_on(run, pair.clone));
  if (on) return {};
  MOULT_TRY(run.platform().network().create(run.id(), pair.clone.uri));
  return run.platform().lifecycle().start(pair.clone);
}

Result<> keep_originals_down(RunContext& run) {
  return run.each_machine([&run](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(pair.original));
    if (!facts.autostart) return {};
    MOULT_TRY(run.world.store.journal().put_value(run.id(), autostart_key(pair), "on"));
    return run.platform().lifecycle().set_autostart(pair.original, false);
  });
}

Result<> restore_autostart(RunContext& run, const MachinePair& pair, Kept side) {
  MOULT_ASSIGN(const auto was, journal_value(run, autostart_key(pair).c_str()));
  if (was.empty()) return {};
  const auto& kept = side == Kept::original ? pair.original : pair.clone;
  MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(kept));
  if (facts.state == PowerState::absent || facts.autostart) return {};  // done before
  return run.platform().lifecycle().set_autostart(kept, true);
}

Result<> serve_with_original(RunContext& run) { return serve(run, Direction{true}); }

Result<> serve_with_clone(RunContext& run) { return serve(run, Direction{false}); }

Result<> bring_clones_in(RunContext& run) {
  return run.each_machine([&run](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(pair.clone));
    if (facts.state == PowerState::absent) return {};  // it has the original's name by now
    return enter(run, pair, pair.clone);
  });
}

Result<> let_clients_go(RunContext& run) {
  auto entry = run.platform().entry(run.work.appliance.entry);
  if (!entry) return pass(std::move(entry));
  auto state = (*entry)->where();
  if (!state && state.error().code == Code::unreachable) {
    run.world.observer.warn("a hold, should there be one, ends by itself: " + state.error().describe());
    return {};
  }
  if (!state) return pass(std::move(state));
  if (state->holding) return (*entry)->release();
  if (!state->ended) return {};
  // Nobody waits any more, so this is no reason to stop.
  if (const auto swept = (*entry)->release(); !swept)
    run.world.observer.warn("a hold that has ended stays on record at the entry: " + swept.error().describe());
  return {};
}

}  // namespace moult
