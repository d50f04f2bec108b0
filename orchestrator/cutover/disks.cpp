#include "orchestrator/cutover/disks.hpp"

#include <algorithm>

#include "orchestrator/cutover/disk_moves.hpp"

namespace moult {

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
    return start_services_with_disks(run, pair, pair.clone);
  });
}

namespace {

/// The scratch disk was converted when its component was updated, and what is converted already takes no time.
Millis conversion_takes(RunContext& run) {
  Millis longest{0};
  for (const auto& pair : run.machines()) {
    Millis takes{0};
    for (auto* move : moves_on(run, Direction{true}, pair)) takes += move->conversion_took();
    longest = std::max(longest, takes);
  }
  return longest;
}

/// What takes longer than it did when it was measured takes it from clients: disks change hands behind the commit,
/// where a cutover is given up no more.
constexpr Millis with_margin(Millis measured) { return measured + measured / 4; }

}  // namespace

Result<> rehearse_disks(RunContext& run) {
  if (!has_disks(run)) return {};
  MOULT_TRY(lend_disks(run));
  const auto begin = run.platform().clock().steady();
  MOULT_TRY(clear_disks(run, Direction{true}));
  MOULT_TRY(lend_disks(run));
  const auto moved = std::chrono::duration_cast<Millis>(run.platform().clock().steady() - begin);
  run.hand_over_takes = with_margin(moved + conversion_takes(run));
  return {};
}

Result<> clear_disks(RunContext& run, const Direction& way) {
  return each_with_disks(run, way, [&](const MachinePair& pair, const auto& moves) -> Result<> {
    MOULT_TRY(stop_services_with_disks(run, pair, way.next(pair)));
    return each_move(moves, &DiskMove::clear_target);
  });
}

Result<> hand_over_disks(RunContext& run, const Direction& way, const OnPart& ended) {
  const auto part = [&](const char* name, const OnMachine& job) -> Result<> {
    MOULT_TRY(each_with_disks(run, way, job));
    ended(name);
    return {};
  };
  const auto moved = [](Result<> (DiskMove::*what)()) {
    return [what](const MachinePair&, const auto& moves) { return each_move(moves, what); };
  };
  MOULT_TRY(part("services stopped", [&](const MachinePair& pair, const auto&) {
    return stop_services_with_disks(run, pair, way.serving(pair));
  }));
  MOULT_TRY(part("disks out", moved(&DiskMove::leave_source)));
  MOULT_TRY(part("disks in", moved(&DiskMove::enter_target)));
  MOULT_TRY(part("disks converted", moved(&DiskMove::convert_target)));
  return part("services started", [&](const MachinePair& pair, const auto&) {
    return start_services_with_disks(run, pair, way.next(pair));
  });
}

}  // namespace moult
