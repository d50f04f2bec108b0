#pragma once

#include "descriptors/base/result.hpp"
#include "drivers/disk_handover.hpp"

namespace moult {

/// What a set whose disk changes hands does beside a DataStrategy, in that strategy's direction. The services that use
/// the disk are stopped by the caller before, and started after. Every call may be repeated, by another process too.
class DiskMove {
 public:
  virtual ~DiskMove() = default;
  /// Before clients have to wait: the target gives up its scratch disk, and an empty image is made for it. Error:
  /// refused, when what the target gave up was not the disk that is mounted there.
  virtual Result<> clear_target() = 0;
  /// The clone gets its scratch disk back, to be upgraded and checked with; true: it did not have it. Forward alone.
  virtual Result<bool> lend() = 0;
  /// A hand-over, in this order. The source is sealed: it unmounts, and its machine detaches. The target's machine
  /// attaches, and it mounts. The target converts. All but the last takes the same time for a disk of any size.
  virtual Result<> leave_source() = 0;
  virtual Result<> enter_target() = 0;
  virtual Result<> convert_target() = 0;
  /// What converting the whole disk took at most so far in this run, in whichever process: the clone's scratch disk,
  /// before any hand-over.
  [[nodiscard]] virtual Millis conversion_took() = 0;
  /// What the disk's record says: who may open it.
  virtual Result<DiskOwner> owner() = 0;
  /// The target has the disk, mounted or not: not its scratch disk.
  virtual Result<bool> is_with_target() = 0;
  /// The source has the disk, and where it runs, mounted.
  virtual Result<bool> is_with_source() = 0;
  /// For a target that no client has reached since a hand-over was begun: the source has the disk again as it was. A
  /// target that does not let go of it is powered off. Error: refused, when the source's image was left behind by the
  /// one below it.
  virtual Result<> hand_back() = 0;
};

}  // namespace moult
