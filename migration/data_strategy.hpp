#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/guest_files.hpp"
#include "drivers/machine.hpp"
#include "migration/disk_move.hpp"

namespace moult {

/// One pass of carrying changes over.
struct RoundReport {
  int number = 0;
  std::uint64_t paths = 0, bytes = 0, deletions = 0;
  Millis took{0};
  Millis migrate{0};  ///< the part of it that the vendor's `migrate` took
  bool scanned = false;
  std::string scan_reason;
  std::vector<std::string> conflicts;  ///< changed on both sides; cutover is refused while there are any
  std::vector<std::string> kept;       ///< changed on both sides, kept as the target has them, by rule
};

struct Verification {
  bool equal = false;
  std::string source, target;  ///< digests, hex
};

/// One part of a comparison of both sides' data that goes on beside the rounds.
struct Comparison {
  std::uint64_t paths = 0, bytes = 0;
  std::vector<std::string>
      differing;         ///< though neither side changed them by its own account; the next round carries them
  bool finished = true;  ///< the whole set was gone through, and the next part is its first
};

/// Carries one data set from the serving side to the other. A strategy works in one direction; the way back is a second
/// object with the sides exchanged. Not thread-safe; different strategies may run side by side.
class DataStrategy {
 public:
  virtual ~DataStrategy() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;
  /// Starts noticing changes on the source. Called before anything is copied.
  virtual Result<> start_capture() = 0;
  /// Changes on the source are noticed still; where its helper was lost, they are from now on, and the first round
  /// compares both sides whole. True: it was lost.
  virtual Result<bool> keep_capture() = 0;
  /// The target is up: learns what it holds, before its update changes anything.
  virtual Result<> open_target() = 0;
  /// The target forgets what it learned: it serves, and clients change it. Idempotent.
  virtual Result<> close_target() = 0;
  /// The target's memory of what was carried, kept here across a reboot of the target.
  virtual Result<> save_target() = 0;
  virtual Result<> restore_target() = 0;
  /// Turns the whole set on the target into its new form, once, after the component's update.
  virtual Result<> migrate_all() = 0;
  /// After the death of a process that carried the set in this direction, and before the first round: what it sent may
  /// not have arrived, and what arrived may not be in its new form. So the whole set is turned into it, and the first
  /// round compares both sides whole.
  virtual Result<> take_up() = 0;
  /// One round, then `migrate` over what it brought. The first one compares both sides whole.
  virtual Result<RoundReport> round() = 0;
  /// A round that looks at everything, also at what raised no event. Takes as long as the set is large: never under the
  /// fence.
  virtual Result<RoundReport> thorough_round() = 0;
  virtual Result<Pending> pending() = 0;
  /// The helper's file set whose file systems the fence freezes, with those of its machine's other sets at one moment
  /// (drivers/guest_files.hpp); empty: `fence` alone stops the writers.
  [[nodiscard]] virtual std::string frozen_set() const = 0;
  /// Stops the source's writers as far as a freeze does not, for `ttl` at most: then they go on by themselves. Called
  /// under the hold, before the freeze. Idempotent.
  virtual Result<> fence(Millis ttl) = 0;
  /// Lets them write again. The answer says whether the fence had held until now. Idempotent.
  virtual Result<bool> unfence() = 0;
  /// The round under the fence: nothing is pending after it. Costs what changed, not what there is, where capture held.
  virtual Result<RoundReport> last_round() = 0;
  /// Writes what the target was given to its disk: an acknowledged write outlives the machine that acknowledged it.
  virtual Result<> make_durable() = 0;
  virtual Result<Verification> verify() = 0;
  /// Reads a part of the data on both sides and compares it, whatever was noticed of it: between rounds, never under
  /// the fence. A part takes a fraction of a second. Not every strategy can: then nothing is compared but by `verify`,
  /// which need not look at everything (docs/descriptors.md says what it looks at).
  virtual Result<Comparison> compare_some() { return Comparison{}; }
  /// The target, which is equal to the source under the fence, is about to serve: it stops following the source, where
  /// it does. Called before its services are checked, and before the commit: where the cutover is given up after all,
  /// the next round makes it follow again, and what it was given meanwhile gives way.
  virtual Result<> promote() { return {}; }
  /// Takes away what capture left on the source, which stays when the run is over, and ends it. What goes with the
  /// helper needs no call. Idempotent, also for a capture that was never started.
  virtual Result<> stop_capture() { return {}; }
  /// The source is off the network, and `unfence` comes next: who waits at the fence to write is turned away by it, for
  /// the target serves, and nobody would hear of what it still did here.
  virtual void source_sealed() {}
  /// Rounds may be repeated through another helper in the target where one was lost: it knows nothing of the set, and
  /// nothing that was begun through the one before does harm.
  [[nodiscard]] virtual bool outlives_helper() const { return false; }
  /// A side's session is about to end: lets go of what lives in it; another round begins it again. Idempotent.
  virtual void let_go() {}
  /// For a set whose disk changes hands; null: its data are carried. Owned by this object.
  [[nodiscard]] virtual DiskMove* disk_move() { return nullptr; }
};

}  // namespace moult
