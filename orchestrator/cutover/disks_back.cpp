// Disks that come back: from a cutover that was given up, or that a process left behind.
#include <atomic>
#include <string>

#include "orchestrator/cutover/disk_moves.hpp"
#include "orchestrator/cutover/disks.hpp"
#include "orchestrator/serving.hpp"

namespace moult {
namespace {

/// A side that is to be left, and may be broken: what cannot be stopped in it is told of, and unmounting it says more.
void stop_if_possible(RunContext& run, const MachinePair& pair, const MachineRef& machine) {
  const auto on = runs(run, machine);
  if (!on || !*on) return;
  if (auto stopped = stop_services_with_disks(run, pair, machine); !stopped)
    run.world.observer.warn("services with a disk may run on: " + stopped.error().describe());
}

Result<> refuse_one_way(RunContext& run, const MachinePair& pair) {
  for (std::size_t i = 0; i < run.work.plan.data.size(); ++i) {
    const auto& data = run.work.plan.data[i];
    if (data.machine == pair.original.name && data.one_way && run.back[i]->disk_move() != nullptr)
      return fail(Code::refused, "what was written to " + data.set + " has no way back");
  }
  return {};
}

Result<> give_with_writes(RunContext& run, const MachinePair& pair) {
  MOULT_TRY(refuse_one_way(run, pair));
  MOULT_TRY(stop_services_with_disks(run, pair, pair.clone));
  const auto moves = moves_on(run, Direction{false}, pair);
  for (const auto step : {&DiskMove::leave_source, &DiskMove::enter_target, &DiskMove::convert_target})
    MOULT_TRY(each_move(moves, step));
  return start_services_with_disks(run, pair, pair.original);
}

/// Of one machine: the side that is left gives its disks up, the other one goes on as before.
Result<> hand_back_on(RunContext& run, const Direction& way, const MachinePair& pair,
                      const std::vector<DiskMove*>& moves) {
  const auto& left = way.next(pair);
  if (!way.forward) MOULT_TRY(wake_clone(run, pair));  // it is given its disks as it runs
  stop_if_possible(run, pair, left);
  MOULT_ASSIGN(const bool was_on, runs(run, left));
  MOULT_TRY(each_move(moves, &DiskMove::hand_back));
  MOULT_ASSIGN(const bool on, runs(run, left));
  if (was_on && !on)
    run.world.observer.warn("domain " + left.domain + " did not give its disks up, and was powered off");
  return start_services_with_disks(run, pair, way.serving(pair));
}

/// What the journal knows of hand-overs. Of those before a chain was restored nothing is left to do: the original had
/// its disks by then, and the images that they name are gone.
struct HandOvers {
  bool any = false;
  std::string last;  ///< the word of the last one that was not taken back; empty: there is none
};

Result<HandOvers> hand_overs_of(RunContext& run) {
  MOULT_ASSIGN(const auto steps, run.world.store.journal().steps(run.id()));
  HandOvers found;
  for (const auto& step : steps) {
    if (step.step == kRestoreChain) found = {};
    if (step.step != kHandOver) continue;
    found.any = true;
    if (step.outcome != StepOutcome::undone) found.last = step.subject;
  }
  return found;
}

/// Has the side that serves in this direction all its disks?
Result<bool> has_its_disks(RunContext& run, const Direction& way) {
  std::atomic<bool> all{true};
  const auto asked = each_with_disks(run, way, [&all](const MachinePair&, const auto& moves) -> Result<> {
    for (auto* move : moves) {
      MOULT_ASSIGN(const bool there, move->is_with_source());
      if (!there) all = false;
    }
    return {};
  });
  MOULT_TRY(asked);
  return all.load();
}

/// Who died on the way to the other side may have stopped the services of this one, which has its disks still. Where
/// clients reach it they run.
Result<> start_services_off_network(RunContext& run, const Direction& way) {
  return each_with_disks(run, way, [&](const MachinePair& pair, const auto&) -> Result<> {
    MOULT_ASSIGN(const auto side, run.platform().network().where(run.id(), way.serving(pair)));
    return side == Side::production ? Result<>{} : start_services_with_disks(run, pair, way.serving(pair));
  });
}

/// The machine must say the same as the record.
Result<bool> was_given_back(DiskMove& move, const Direction& way) {
  const auto owner = move.owner();
  if (!owner && owner.error().code == Code::not_found) return false;  // of an original that a finish has taken away
  if (!owner) return Unexpected(owner.error());
  const bool as_it_was = owner->side == DiskSide::original && owner->image == DiskImage::own;
  if (way.forward ? !as_it_was : owner->side == DiskSide::original) return false;
  MOULT_ASSIGN(const bool elsewhere, move.is_with_target());
  if (!elsewhere) return true;
  return fail(Code::mismatch, std::string("the ") + name_of(owner->side) +
                                  " has a disk by its record, and the other side has it as its machine says");
}

/// An original is given a disk as it was only while clients wrote to no clone.
Result<> refuse_losses(RunContext& run) {
  MOULT_ASSIGN(const bool lacking, were_given_back(run, Direction{false}));
  if (!lacking) return {};
  return fail(Code::refused, "the clone has a disk with what clients wrote to it, and the original is to serve");
}

}  // namespace

Result<bool> were_given_back(RunContext& run, const Direction& way) {
  for (auto& set : way.sets(run)) {
    if (set->disk_move() == nullptr) continue;
    MOULT_ASSIGN(const bool one, was_given_back(*set->disk_move(), way));
    if (one) return true;
  }
  return false;
}

Result<> hand_back_disks(RunContext& run, const Direction& way) {
  MOULT_TRY(each_with_disks(
      run, way, [&](const MachinePair& pair, const auto& moves) { return hand_back_on(run, way, pair, moves); }));
  return run.ledger.take_back(kHandOver, way.word());
}

/// On record as a hand-over of the way back: who takes the run up must see that the clone may lack its disks.
Result<> hand_back_written(RunContext& run) {
  const auto give = [&run]() -> Result<> {
    MOULT_TRY(each_with_disks(run, Direction{true},
                              [&run](const MachinePair& pair, const auto&) { return give_with_writes(run, pair); }));
    return run.ledger.take_back(kHandOver, Direction{true}.word());
  };
  return run.ledger.perform_plain(kHandOver, Direction{false}.word(), give);
}

Result<> return_disks(RunContext& run, const Direction& gone) {
  if (!has_disks(run)) return {};
  MOULT_ASSIGN(const auto known, hand_overs_of(run));
  if (!known.any) return {};
  if (gone.forward && known.last == Direction{false}.word()) MOULT_TRY(refuse_losses(run));
  if (known.last != gone.word()) {
    MOULT_ASSIGN(const bool there, has_its_disks(run, gone));
    if (there) return start_services_off_network(run, gone);
  }
  return hand_back_disks(run, gone);
}

}  // namespace moult
