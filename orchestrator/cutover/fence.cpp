#include "orchestrator/cutover/fence.hpp"

namespace moult {
namespace {

Result<> freeze(RunContext& run, const Direction& way, const MachinePair& pair) {
  const auto names = frozen_on(run, way, pair);
  if (names.empty()) return {};
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(way.serving(pair)));
  return session->files().freeze(names, way.lease(run)).map([](Millis) {});
}

/// True as well where nothing is to be thawed.
Result<bool> thaw(RunContext& run, const Direction& way, const MachinePair& pair) {
  if (frozen_on(run, way, pair).empty()) return true;
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(way.serving(pair)));
  return session->files().thaw();
}

}  // namespace

std::vector<DataStrategy*> sets_on(RunContext& run, const Direction& way, const MachinePair& pair) {
  std::vector<DataStrategy*> sets;
  for (std::size_t i = 0; i < run.work.plan.data.size(); ++i)
    if (run.work.plan.data[i].machine == pair.original.name) sets.push_back(way.sets(run)[i].get());
  return sets;
}

std::vector<std::string> frozen_on(RunContext& run, const Direction& way, const MachinePair& pair) {
  std::vector<std::string> names;
  for (const auto* set : sets_on(run, way, pair))
    if (auto name = set->frozen_set(); !name.empty()) names.push_back(std::move(name));
  return names;
}

Result<> fence_machine(RunContext& run, const Direction& way, const MachinePair& pair) {
  for (const auto& component : run.work.maintenance.components)
    if (component.machine == pair.original.name)
      MOULT_TRY(run.hook("quiesce", component.hooks.quiesce, way.serving(pair)));
  for (auto* set : sets_on(run, way, pair)) MOULT_TRY(set->fence(way.lease(run)));
  return freeze(run, way, pair);
}

Result<bool> unfence_machine(RunContext& run, const Direction& way, const MachinePair& pair) {
  MOULT_ASSIGN(bool held, thaw(run, way, pair));
  for (auto* set : sets_on(run, way, pair)) {
    MOULT_ASSIGN(const bool one, set->unfence());
    held = held && one;
  }
  return held;
}

Result<> practise_freeze(RunContext& run, const Direction& way) {
  auto frozen = run.each_machine([&](const MachinePair& pair) { return freeze(run, way, pair); });
  auto thawed = run.each_machine([&](const MachinePair& pair) { return thaw(run, way, pair).map([](bool) {}); });
  return frozen ? thawed : frozen;
}

}  // namespace moult
