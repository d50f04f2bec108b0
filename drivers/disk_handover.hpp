#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// Which image a machine has as its disk.
enum class DiskImage {
  scratch,   ///< the clone's overlay over the snapshot's base, to be thrown away
  own,       ///< the original's overlay of the run: the disk as it was when it was handed over
  handed,    ///< an overlay above `own`, in which goes on who has the disk since
  returned,  ///< another one above `own`: in it the original goes on from the disk as it was when it was handed over
};
[[nodiscard]] constexpr const char* name_of(DiskImage image) {
  switch (image) {
    case DiskImage::scratch:
      return "scratch";
    case DiskImage::own:
      return "own";
    case DiskImage::handed:
      return "handed";
    case DiskImage::returned:
      return "returned";
  }
  return "own";
}

enum class DiskSide { original, clone };
[[nodiscard]] constexpr const char* name_of(DiskSide side) { return side == DiskSide::original ? "original" : "clone"; }

/// A disk of a cloned machine that changes hands in a run.
struct HandedDisk {
  std::string run;
  MachineRef original;
  std::string target;  ///< "vdb"
};

/// Who may open the disk: the record that stands beside it, durable, and newer with each change of hands.
struct DiskOwner {
  std::uint64_t epoch = 0;  ///< 0: it never changed hands
  DiskSide side = DiskSide::original;
  DiskImage image = DiskImage::own;
  friend bool operator==(const DiskOwner&, const DiskOwner&) = default;
};

/// Takes a disk out of one machine and puts it into the other, live and in their persistent descriptions, so that a
/// start of either one by whomever follows. Nobody writes `own` once somebody has an image above it: so the disk as it
/// was can be given back until then, and an image above `own` is worth nothing from the moment at which the original
/// has `own` again. Names derive from the run id alone; every call is idempotent. Safe from several threads for
/// different machines.
class DiskHandover {
 public:
  virtual ~DiskHandover() = default;

  /// The record. Errors: not_found (no such machine), busy (another run's record).
  virtual Result<DiskOwner> owner(const HandedDisk& disk) = 0;
  /// What a side has as this disk: in the running machine, or in the description of one that is off. Nothing: no disk
  /// of this target, or no such machine.
  virtual Result<std::optional<DiskImage>> held(const HandedDisk& disk, DiskSide side) = 0;

  /// Makes the image that the next owner will write, `handed` or `returned`, empty, over `own`. One of an earlier
  /// attempt is thrown away. Errors: refused, when it holds what clients wrote, or `handed` when the original goes on
  /// in another image than `own`; busy, when a machine has it that the record does not name.
  virtual Result<> make_image(const HandedDisk& disk, DiskImage image) = 0;
  /// A machine gives its disk up; the guest has unmounted it. Returns when the guest has let go of it; at once for a
  /// machine that is no more. Errors: timeout, when the guest does not within `deadline`: then it may have it still;
  /// failed, when such a disk cannot be unplugged at all.
  virtual Result<> take_out(const HandedDisk& disk, DiskSide side, Millis deadline) = 0;
  /// Gives the disk to a machine: under the same target, address and serial as before. The record says so before the
  /// machine can open it, with the epoch after `epoch`. Error: refused, when the record is not at `epoch` (its reader
  /// is stale), or the other side still has the disk. `scratch` is the clone's alone, changes no record and is refused
  /// to nobody.
  virtual Result<> put_in(const HandedDisk& disk, DiskSide side, DiskImage image, std::uint64_t epoch) = 0;
};

}  // namespace moult
