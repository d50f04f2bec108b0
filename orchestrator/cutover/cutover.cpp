#include "orchestrator/cutover/cutover.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "drivers/component_driver.hpp"
#include "orchestrator/cutover/disks.hpp"
#include "orchestrator/cutover/fence.hpp"
#include "orchestrator/cutover/old_connections.hpp"
#include "orchestrator/cutover/preparation.hpp"
#include "orchestrator/failpoint.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/serving.hpp"
#include "orchestrator/store/utc.hpp"

namespace moult {
namespace {

Result<> make_durable(DataStrategy& set) { return set.make_durable(); }
Result<> promote(DataStrategy& set) { return set.promote(); }

}  // namespace

Result<> Cutover::hold() {
  held_since_ = run_.platform().clock().steady();
  held_at_ = run_.platform().clock().utc();
  MOULT_TRY(entry_->hold(way_.lease(run_)));
  timeline_.mark("hold");
  return {};
}

/// While the last requests end, what they and others wrote goes to the disk: the fence has less to wait for.
Result<> Cutover::drain() {
  const auto sync = [this](const MachinePair& pair) -> Result<> {
    const auto names = frozen_on(run_, way_, pair);
    if (names.empty()) return {};
    MOULT_ASSIGN(GuestSession * session, run_.sessions.of(way_.serving(pair)));
    return session->files().sync(names);
  };
  MOULT_TRY(run_.platform().workers().all(
      {[this] { return entry_->drain(run_.work.options.drain_deadline); }, [&] { return run_.each_machine(sync); }}));
  timeline_.mark("drain");
  return {};
}

Result<> Cutover::fence() {
  MOULT_TRY(run_.each_machine([this](const MachinePair& pair) { return fence_machine(run_, way_, pair); }));
  timeline_.mark("fence");
  return {};
}

Result<> Cutover::carry_last(DataStrategy& set) {
  MOULT_ASSIGN(const auto round, set.last_round());
  run_.world.observer.round_ended(set.name(), round, Millis{0});
  if (round.paths + round.deletions > 0) {
    const std::lock_guard lock(sets_mutex_);
    last_rounds_.push_back(round_facts(set.name(), round));
  }
  return refuse_conflicts(set.name(), round);
}

Result<> Cutover::last_round() {
  MOULT_TRY(each_set(run_, way_, [this](DataStrategy& set) { return carry_last(set); }));
  timeline_.mark("last round");
  return {};
}

Result<> Cutover::compare_digests(DataStrategy& set) {
  MOULT_ASSIGN(const auto digests, set.verify());
  if (!digests.equal)
    return fail(
        Code::mismatch,
        "data set " + set.name() + " differs under the fence: " + digests.source + " here, " + digests.target +
            " on the other side",
        "Something writes to the set on the side that does not serve, or the disk lies; see `moult audit show`.");
  const std::lock_guard lock(sets_mutex_);
  digests_[set.name()] = digests.source;
  return {};
}

/// Before anything is committed: were it later, an original that dies between the two and is started by somebody would
/// serve beside its clone.
Result<> Cutover::keep_sealed() {
  if (!way_.forward) return {};
  kept_sealed_ = true;
  return run_.each_machine(
      [this](const MachinePair& pair) { return run_.platform().network().keep_sealed(run_.id(), pair.original); });
}

/// The serving side was kept sealed for a switch that did not come: a start brings it to production again.
Result<> Cutover::lift_seal() {
  return run_.each_machine(
      [this](const MachinePair& pair) { return run_.platform().network().lift_seal(pair.original); });
}

/// Both sides are compared while what the next side was given goes to its disks.
Result<> Cutover::verify() {
  MOULT_TRY(run_.platform().workers().all(
      {[this] { return each_set(run_, way_, [this](DataStrategy& set) { return compare_digests(set); }); },
       [this] { return each_set(run_, way_, make_durable); }, [this] { return keep_sealed(); }}));
  timeline_.mark("verify");
  return {};
}

Result<> Cutover::activate_machine(const MachinePair& pair) {
  if (!way_.forward) return start_services(run_, pair, StartWhen::under_hold);
  for (const auto& component : run_.work.maintenance.components) {
    if (component.machine != pair.original.name || component.hooks.activate.empty()) continue;
    if (!run_.is_updated(component.name) || has_disk(component)) continue;
    MOULT_TRY(run_.hook("activate", component.hooks.activate, pair.clone));
    MOULT_ASSIGN(GuestSession * session, run_.sessions.of(pair.clone));
    MOULT_TRY(run_check(component.check, session->access(), run_.platform().clock()));
  }
  return {};
}

/// Services of the next side may write from here on.
Result<> Cutover::activate() {
  MOULT_TRY(each_set(run_, way_, promote));
  MOULT_TRY(run_.each_machine([this](const MachinePair& pair) { return activate_machine(pair); }));
  timeline_.mark("activate");
  return {};
}

Result<> Cutover::check_margin() {
  MOULT_TRY(run_.world.interrupt.check());
  const auto budget = way_.budget(run_);
  const auto to_come = run_.hand_over_takes.count();
  if (timeline_.total_ms() + static_cast<double>(to_come) > static_cast<double>(budget.count())) {
    const auto disks = to_come == 0 ? "" : fmt::format(", and disks change hands for {} ms more", to_come);
    return fail(Code::refused,
                fmt::format("clients have waited {:.0f} ms{}, over the budget of {} ms", timeline_.total_ms(), disks,
                            budget.count()),
                "Raise --max-stall, or try when there is less load.");
  }
  if (!entry_->can_hold()) return {};
  MOULT_ASSIGN(const auto state, entry_->where());
  if (!state.holding)
    return fail(Code::timeout, "the entry no longer holds requests: its lease ended, or it was restarted",
                "Try again.");
  return {};
}

Result<> Cutover::move(bool serving_side, Side to) {
  return run_.each_machine([&](const MachinePair& pair) {
    return run_.platform().network().move(run_.id(), pair.original, serving_side ? way_.serving(pair) : way_.next(pair),
                                          to);
  });
}

/// `must_have_held`: behind the seal.
Result<> Cutover::thaw(bool must_have_held) {
  if (must_have_held)
    for (const auto& set : way_.sets(run_)) set->source_sealed();
  return run_.each_machine([&](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(const bool held, unfence_machine(run_, way_, pair));
    if (held || !must_have_held) return {};
    return fail(Code::timeout, "the fence ended by itself before the seal was complete",
                "Try again when the host is quieter.");
  });
}

/// The serving side goes, and its fence is seen to have held until then.
Result<> Cutover::seal() {
  timeline_.mark("commit");
  MOULT_TRY(move(true, way_.retired_place()));
  timeline_.mark("seal");
  MOULT_TRY(thaw(true));
  timeline_.mark("fence held");
  return {};
}

Result<> Cutover::commit_and_seal() {
  sealing_ = true;
  return run_.ledger.perform_plain("seal", way_.word(), [this] { return seal(); });
}

/// Neither side is on the network: the disks of the one that served go to the other.
Result<> Cutover::hand_over() {
  if (!has_disks(run_)) return {};
  handing_ = true;
  const auto ended = [this](const char* part) { timeline_.mark(part); };
  return run_.ledger.perform_plain(kHandOver, way_.word(), [&] { return hand_over_disks(run_, way_, ended); });
}

/// Once its machines are on the network the next side serves: an address that could not be announced is learned with
/// the first packet, so it is no reason to turn round.
Result<> Cutover::enter() {
  entering_ = true;
  MOULT_TRY(move(false, Side::production));
  const auto announced = run_.each_machine([this](const MachinePair& pair) -> Result<> {
    MOULT_ASSIGN(GuestSession * session, run_.sessions.of(way_.next(pair)));
    return session->announce();
  });
  if (!announced) run_.world.observer.warn("its addresses were not announced: " + announced.error().describe());
  timeline_.mark("switch");
  return {};
}

Result<> Cutover::change_over() {
  MOULT_TRY(hand_over());
  return run_.ledger.perform_plain("switch", way_.word(), [this] { return enter(); });
}

Result<> Cutover::release() {
  auto released = entry_->release();
  timeline_.mark("release");
  return released;
}

/// One of the steps that the journal has no row of.
Result<> Cutover::part(const char* name, Result<> (Cutover::*effect)()) {
  const auto place = std::string(way_.word()) + "." + name;
  const auto how = failpoint(place, "");
  die_at(FailHow::die_before, how);
  auto done = how == FailHow::error ? Result<>(failed_on_purpose(place)) : (this->*effect)();
  die_at(FailHow::die_after, how);
  return done;
}

Result<> Cutover::until_sealed() {
  MOULT_TRY(part("hold", &Cutover::hold));
  MOULT_TRY(part("drain", &Cutover::drain));
  MOULT_TRY(part("fence", &Cutover::fence));
  MOULT_TRY(part("last-round", &Cutover::last_round));
  MOULT_TRY(part("verify", &Cutover::verify));
  MOULT_TRY(part("activate", &Cutover::activate));
  MOULT_TRY(part("margin", &Cutover::check_margin));
  return commit_and_seal();
}

/// Takes the next side off the network for certain: a clone that does not leave is powered off, for both sides must
/// never be reached at once.
Result<> Cutover::withdraw() {
  auto moved = move(false, way_.waiting_place());
  if (moved || !way_.forward) return moved;
  return run_.each_machine(
      [this](const MachinePair& pair) { return run_.platform().lifecycle().stop(pair.clone, Millis{0}); });
}

/// Clients have waited without a gap since the hold, and go on waiting for a lease from now.
bool Cutover::keep_holding() {
  if (!entry_->can_hold() || !still_holding()) return false;
  held_since_ = run_.platform().clock().steady();
  return entry_->hold(way_.lease(run_)).has_value();
}

bool Cutover::still_holding() {
  const auto state = entry_->where();
  return state && state->holding && run_.platform().clock().steady() - held_since_ < way_.lease(run_);
}

/// What clients may have written to the next side while it was reached goes to the side that will serve after all. It
/// is on record before it begins: should it break off, the original holds what no later process knows of.
Result<> Cutover::carry_back() {
  if (!way_.forward) return fail(Code::refused, "what the original was given meanwhile cannot be carried to the clone");
  MOULT_TRY(run_.world.store.journal().put_value(run_.id(), kCarriedBack, run_.ledger.stamp().utc));
  for (std::size_t i = 0; i < run_.back.size(); ++i) {
    auto& set = *run_.back[i];
    if (set.disk_move() != nullptr) continue;  // comes back with what was written to it
    if (run_.work.plan.data[i].one_way) {
      MOULT_ASSIGN(const auto pending, set.pending());
      if (pending.paths != 0 || pending.overflow)
        return fail(Code::refused, "what was written to " + set.name() + " has no way back");
      continue;
    }
    MOULT_TRY(set.open_target());
    MOULT_TRY(carry_last(set));
    MOULT_TRY(compare_digests(set));
    MOULT_TRY(set.promote());
  }
  if (handing_) MOULT_TRY(hand_back_written(run_));
  handing_ = false;
  return {};
}

/// For the person who reads that a cutover failed: do clients wait, since when, and until when at most?
std::string Cutover::clients_now() {
  if (!held_at_ || !entry_->can_hold()) return {};
  auto& clock = run_.platform().clock();
  const auto ends = clock.utc() + std::chrono::duration_cast<Millis>(held_since_ + way_.lease(run_) - clock.steady());
  const auto by_itself = "ends by itself at " + utc_text(ends) + " at the latest";
  const auto state = entry_->where();
  if (!state)
    return fmt::format("; whether clients are held is not known: {}; a hold, since {}, {}", state.error().describe(),
                       utc_text(*held_at_), by_itself);
  if (state->holding)
    return fmt::format("; clients are held since {} ({:.0f} ms; holding {}); the hold {}", utc_text(*held_at_),
                       timeline_.total_ms(), state->in_flight, by_itself);
  if (timeline_.parts().empty()) return fmt::format("; clients are not held (open {})", state->in_flight);
  return fmt::format("; clients were held from {}, for {:.0f} ms, and are let go (open {})", utc_text(*held_at_),
                     timeline_.total_ms(), state->in_flight);
}

/// Makes the serving side serve again; the cause stays the error, what failed on the way back is added to it. Clients
/// are let go only when the next side is known to be off, and what it acknowledged is here: it would be lost.
Result<> Cutover::go_back(Error cause) {
  std::string left;
  const auto attempt = [&left](const char* what, Result<> done) {
    if (!done) left += std::string("; ") + what + ": " + done.error().describe();
    return done.has_value();
  };
  if (handing_ && !entering_) (void)keep_holding();  // disks take their time to come back
  const bool kept = !entering_ || keep_holding();
  bool safe = !sealing_ || attempt("taking the next side off the network again", withdraw());
  if (safe && entering_ && !(kept && still_holding())) {
    attempt("thawing", thaw(false));
    safe = attempt("carrying back what the next side was given", carry_back());
  }
  if (safe && entering_)
    attempt("writing down that the switch was taken back", run_.ledger.take_back("switch", way_.word()));
  if (safe && handing_) safe = attempt("giving the disks back", hand_back_disks(run_, way_));
  // A guest that does not answer for its thaw does not keep its NICs from production; its lease thaws it.
  const bool back =
      safe && (!sealing_ || attempt("putting the serving side back on the network", move(true, Side::production)));
  attempt("thawing", thaw(false));
  if (back) attempt("releasing the entry", entry_->release());
  if (back && kept_sealed_) attempt("letting the serving side start in production again", lift_seal());
  off_ = !back;
  stuck_ = !safe;
  cause.message += left + clients_now();
  if (!left.empty()) cause.remedy = "The leases end by themselves; then check with `moult status " + run_.id() + "`.";
  if (off_)
    cause.remedy = std::string("Neither side serves. `moult ") + (way_.forward ? "abort " : "rollback ") + run_.id() +
                   (way_.forward ? "` brings the original back." : "` tries again.");
  // Whoever takes the run up finds the switch begun, and makes it whole: an abort would be refused.
  if (stuck_ && way_.forward && entering_)
    cause.remedy = "Neither side serves, for the next one may hold writes that the other lacks. `moult resume " +
                   run_.id() +
                   "` makes the switch whole, and the clone serves; from there `moult rollback` keeps every write.";
  return Unexpected(std::move(cause));
}

/// Before clients write to the original again: whoever goes on from here must carry nothing to it any more.
void Cutover::note_switched_back() {
  const auto noted = run_.world.store.journal().put_value(run_.id(), kSwitchedBack, run_.ledger.stamp().utc);
  if (!noted)
    run_.world.observer.warn("the journal does not say that the original serves: " + noted.error().describe());
}

Result<> Cutover::perform() {
  MOULT_TRY(prepare_cutover(run_, way_, *entry_));
  timeline_.start();
  if (auto sealed = until_sealed(); !sealed) return go_back(std::move(sealed).error());
  if (auto changed = change_over(); !changed) return go_back(std::move(changed).error());
  if (!way_.forward) note_switched_back();
  // From here on the next side serves, whatever happens: a hold that cannot be released ends with its lease.
  if (auto released = part("release", &Cutover::release); !released)
    run_.world.observer.warn("the entry was not released, its hold ends by itself: " + released.error().describe());
  end_old_connections(run_, way_);
  for (const auto& facts : last_rounds_) (void)run_.ledger.record("data.round", facts);  // clients waited long enough
  return {};
}

std::string Cutover::facts() const {
  auto parts = nlohmann::json::array();  // facts are kept with their keys sorted; these have an order of their own
  for (const auto& [part, ms] : timeline_.parts()) parts.push_back({{"part", part}, {"ms", ms}});
  return nlohmann::json{{"stall_ms", timeline_.marked_ms()}, {"parts", parts}, {"verified", digests_}}.dump();
}

}  // namespace moult
