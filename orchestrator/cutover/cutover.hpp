#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "drivers/entry.hpp"
#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/cutover/timeline.hpp"
#include "orchestrator/run_context.hpp"
#include "orchestrator/stall_forecast.hpp"

namespace moult {

/// The eleven steps that make the next side serve, for clients a stall between hold and release.
///
/// Until the commit every failure leads back: released, thawed, unsealed; clients saw a pause. The commit is the
/// journal's row of the intent to seal, written before the first NIC moves: a kill before it leaves a serving side that
/// thaws and is let go by its leases; a kill after it is resumed by probing which NICs moved. The fence counts only
/// when it is seen to have held until the seal was complete, so a lease that ended early stops the cutover, whatever
/// the clocks say.
class Cutover {
 public:
  Cutover(RunContext& run, Direction direction, std::unique_ptr<Entry> entry)
      : run_(run), way_(direction), entry_(std::move(entry)), timeline_(run.platform().clock(), run.world.observer) {}

  /// Returns once the next side serves and requests flow. On an error the serving side serves as before; an error while
  /// going back carries what is left to do by hand.
  Result<> perform();
  /// perform() failed and could not make the serving side serve again without the risk of losing what clients wrote.
  [[nodiscard]] bool stuck() const { return stuck_; }
  /// perform() failed, and the serving side is not known to be on the network again.
  [[nodiscard]] bool off() const { return off_; }
  [[nodiscard]] const Timeline& timeline() const { return timeline_; }
  /// For the audit log and `moult status`: total and parts in milliseconds, and each set's digest, equal on both sides.
  [[nodiscard]] std::string facts() const;

 private:
  Result<> part(const char* name, Result<> (Cutover::*effect)());
  Result<> hold();
  Result<> drain();
  Result<> fence();
  Result<> last_round();
  Result<> carry_last(DataStrategy& set);
  Result<> verify();
  Result<> keep_sealed();
  Result<> lift_seal();
  Result<> compare_digests(DataStrategy& set);
  Result<> activate();
  Result<> activate_machine(const MachinePair& pair);
  Result<> check_margin();
  Result<> commit_and_seal();
  Result<> seal();
  Result<> hand_over();
  Result<> change_over();
  Result<> enter();
  void note_switched_back();
  Result<> release();
  Result<> until_sealed();
  Result<> withdraw();
  Result<> go_back(Error cause);
  Result<> carry_back();
  bool keep_holding();
  bool still_holding();
  std::string clients_now();
  Result<> move(bool serving_side, Side to);
  Result<> thaw(bool must_have_held);

  RunContext& run_;
  Direction way_;
  std::unique_ptr<Entry> entry_;
  Timeline timeline_;
  std::mutex sets_mutex_;
  std::vector<std::string> last_rounds_;        ///< facts of what the last rounds carried
  std::map<std::string, std::string> digests_;  ///< by set, as verified under the fence
  bool kept_sealed_ = false;                    ///< the original's description may have its NICs on the sealed network
  bool sealing_ = false;                        ///< NICs of the serving side may have moved
  bool handing_ = false;                        ///< disks may have changed hands
  bool entering_ = false;                       ///< NICs of the next side may be in production
  bool off_ = false;
  bool stuck_ = false;
  Clock::Steady held_since_{};                                      ///< of the lease that counts
  std::optional<std::chrono::system_clock::time_point> held_at_{};  ///< when clients began to wait
};

}  // namespace moult
