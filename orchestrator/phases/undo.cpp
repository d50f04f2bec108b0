#include <nlohmann/json.hpp>

#include "orchestrator/cutover/disks.hpp"
#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/rounds.hpp"
#include "orchestrator/serving.hpp"
#include "orchestrator/throttle.hpp"

namespace moult {
namespace {

/// Runs every step, remembers the first failure and says all of them.
class Undoing {
 public:
  Undoing(RunContext& run, const char* word) : run_(run), word_(word) {}

  bool step(std::string_view name, const std::string& subject, const std::function<Result<>()>& effect) {
    auto done = run_.ledger.perform_plain(name, subject, effect);
    if (done) return true;
    run_.world.observer.warn("left behind: " + done.error().describe());
    if (!first_) first_ = std::move(done).error();
    return false;
  }
  [[nodiscard]] Result<> result() && {
    if (!first_) return {};
    first_->remedy =
        "Mend the cause, then `moult " + std::string(word_) + " " + run_.id() + "` again; it goes on where it stopped.";
    return Unexpected(std::move(*first_));
  }

 private:
  RunContext& run_;
  const char* word_;
  std::optional<Error> first_;
};

/// An original that was sealed serves again, or does so when somebody starts it.
Result<> serve_again(RunContext& run, const MachinePair& pair) {
  auto& network = run.platform().network();
  MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(pair.original));
  if (facts.state == PowerState::running || facts.state == PowerState::paused) {
    MOULT_ASSIGN(const auto side, network.where(run.id(), pair.original));
    if (side != Side::production) MOULT_TRY(network.move(run.id(), pair.original, pair.original, Side::production));
  }
  return network.lift_seal(pair.original);
}

/// It lives in the guest's memory: a machine that is off has none.
Result<> remove_helper(RunContext& run, const MachinePair& pair) {
  MOULT_ASSIGN(const auto facts, run.platform().lifecycle().inspect(pair.original));
  if (facts.state != PowerState::running && facts.state != PowerState::paused) {
    run.world.observer.warn("machine " + pair.original.name + " is " + name_of(facts.state) +
                            ", and not by this run: start " + pair.original.domain + " again");
    run.sessions.drop(pair.original);
    return {};
  }
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.original));
  MOULT_TRY(stop_captures(run, run.forward, pair));
  (void)session->files().thaw();  // the helper thaws at its end as well
  return run.sessions.remove(pair.original);
}

}  // namespace

/// Clients are let go when the original can answer them, and no clone answers to its address any more. Limits go first:
/// they slow clients whatever else is left behind.
Result<> undo_run(RunContext& run, const char* word) {
  Undoing undoing(run, word);
  for (const auto& pair : run.machines())
    if (run.work.options.throttle)
      undoing.step("throttle.lift", pair.original.name, [&] { return lift_throttle(run, pair); });
  if (has_disks(run) && !undoing.step("disk.return", "", [&] { return return_disks(run, Direction{true}); }))
    return std::move(undoing).result();  // without its disk the original would answer wrongly
  for (const auto& pair : run.machines()) {
    const auto& name = pair.original.name;
    undoing.step("clone.discard", name, [&]() -> Result<> {
      run.sessions.drop(pair.clone);
      return run.platform().cloner().discard_clone(run.id(), pair.original);
    });
    undoing.step("network.restore", name, [&] { return serve_again(run, pair); });
    undoing.step("helper.remove", name, [&] { return remove_helper(run, pair); });
  }
  undoing.step("entry.release", "", [&] { return let_clients_go(run); });
  for (const auto& pair : run.machines())
    undoing.step(kRestoreChain, pair.original.name, [&]() -> Result<> {
      MOULT_TRY(restore_autostart(run, pair, Kept::original));
      return run.platform().cloner().restore_chain(run.id(), pair.original);
    });
  for (const auto& uri : hosts_of(run.work.plan))
    undoing.step("network.remove", uri, [&] { return run.platform().network().remove(run.id(), uri); });
  return std::move(undoing).result();
}

}  // namespace moult
