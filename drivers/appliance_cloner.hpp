#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// Room that the overlays of one run will need in one directory of one host.
struct SpaceNeed {
  std::string uri, directory;
  std::uint64_t needed_bytes = 0;  ///< an estimate, stated in docs/planning.md
  std::uint64_t free_bytes = 0;
};

/// The estimate behind it: an overlay of a disk may grow to a quarter of what the disk holds now, at least to 256 MiB,
/// never past the disk's own size.
[[nodiscard]] constexpr std::uint64_t overlay_estimate(std::uint64_t allocated_bytes, std::uint64_t virtual_bytes) {
  constexpr std::uint64_t kLeastGrowth = std::uint64_t{256} << 20U, kGrowthShare = 4;
  return std::min(virtual_bytes, std::max(kLeastGrowth, allocated_bytes / kGrowthShare));
}

/// What an update adds to it: its payload as it is, and unpacked (a Debian package holds some three times its size),
/// beside what it replaces.
[[nodiscard]] constexpr std::uint64_t update_estimate(std::uint64_t payload_bytes) {
  constexpr std::uint64_t kPackedAndUnpacked = 4;
  return payload_bytes * kPackedAndUnpacked;
}

/// Whether an effect of the cloner is in the world; `unknown` needs a person or a later try.
enum class Presence { absent, present, partial, unknown };

/// Clones machines through external snapshots. Names of files, domains and networks derive from the run
/// id alone, so that any process can find, continue or remove what another one began. Every call is
/// idempotent. Safe to call from several threads for different machines.
class ApplianceCloner {
 public:
  virtual ~ApplianceCloner() = default;

  /// The clone's reference for an original in a run; computed, not looked up.
  [[nodiscard]] virtual MachineRef clone_of(const std::string& run, const MachineRef& original) const = 0;

  /// Directories of disks with what two overlays of each, the original's and the clone's, need and have. Changes
  /// nothing. Error: busy, when a run has a machine's disk in its overlay.
  virtual Result<std::vector<SpaceNeed>> space(const std::vector<MachineRef>& originals) = 0;

  /// Creates the empty overlay files beforehand, so that the frozen moment is short. Error: busy, when a
  /// disk of the machine is another run's overlay.
  virtual Result<> prepare(const std::string& run, const MachineRef& original) = 0;
  /// The original goes on in its prepared overlays; what was its disk becomes the common base, read by both
  /// sides and written by none. All disks of the machine at one moment. Call while its file systems are frozen.
  virtual Result<> snapshot(const std::string& run, const MachineRef& original) = 0;
  virtual Result<Presence> probe_snapshot(const std::string& run, const MachineRef& original) = 0;

  /// Defines and starts the clone: the live machine's description with a new identity (name, UUID), its own
  /// overlays, its NICs (same MACs) on the run's isolated network and the run's helper channel.
  virtual Result<> create_clone(const std::string& run, const MachineRef& original) = 0;
  virtual Result<Presence> probe_clone(const std::string& run, const MachineRef& original) = 0;
  /// Powers the clone off, undefines it, deletes its overlays. Deletes nothing it did not create.
  virtual Result<> discard_clone(const std::string& run, const MachineRef& original) = 0;

  /// Undoes `prepare` and `snapshot`: what the original wrote since is committed into its own disk, the overlays
  /// are deleted, and the chain is what it was. Requires that the clone is discarded. Bounded by the
  /// amount written since; the machine runs on (or is off, then offline).
  virtual Result<> restore_chain(const std::string& run, const MachineRef& original) = 0;

  /// The run's finish: original discarded (domain and its overlays), the clone's disks committed into the base,
  /// so that its chain has the original's form, and the clone takes over the original's name where libvirt can
  /// rename it (when it is next off; until then the name is kept in its metadata). Bounded in time.
  virtual Result<> consolidate(const std::string& run, const MachineRef& original) = 0;
};

}  // namespace moult
