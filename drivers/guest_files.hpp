#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// Which files of a guest make up a data set.
struct FileSet {
  std::string name;  ///< unique in the run: "notes-api.notes"
  std::string root;  ///< absolute directory
  std::vector<std::string> include, exclude;
  std::vector<PatternRule> conflict;
};

/// How the paths of one round are found.
enum class RoundMode {
  events,     ///< what capture noticed; falls back to `scan` by itself on overflow or without capture
  scan,       ///< events, and a metadata scan: also finds what raised no event (memory-mapped writes)
  reconcile,  ///< whatever differs from the manifest given: the first round
  compare,    ///< carries nothing: a part of the set is read on both sides and compared, whatever was noticed of it
};

/// What one round took from the source.
struct EmitReport {
  std::uint64_t paths = 0, bytes = 0, deletions = 0;
  bool scanned = false;              ///< a scan was made
  std::string scan_reason;           ///< why, when events were asked for: "queue overflow", ...
  std::uint64_t as_differences = 0;  ///< sizes of the files that went as differences, added up
  std::uint64_t large = 0;  ///< files of the set, as far as it is known, of which `large` may ask for signatures
  bool finished = true;     ///< compare: the set's end was reached, and the next part is its first
};

/// What applying a round did.
struct ApplyReport {
  std::uint64_t applied = 0, unchanged = 0, deleted = 0, bytes = 0;
  std::vector<std::string> paths;      ///< applied or deleted, relative to the root; input of `migrate`
  std::vector<std::string> conflicts;  ///< changed on both sides, no rule decides: not applied
  std::vector<std::string> kept;       ///< changed on both sides, kept as the target has them, by rule
  std::vector<std::string> stale;      ///< left as they are: what their differences start from changed meanwhile
  std::vector<std::string>
      differing;  ///< compare: unlike the source, though as far as is known neither side changed them
};

struct Pending {
  std::uint64_t paths = 0;  ///< changed and not yet taken
  std::uint64_t bytes = 0;  ///< their present sizes added up, an estimate
  bool overflow = false;    ///< events were lost: the next round scans
};

/// What one round may be given of signatures, in bytes.
inline constexpr std::size_t kSignatureBytes = 16U << 20;

/// Receives one round's records. Destroyed without `finish`: the round is not complete, nothing is recorded as carried.
class ApplyStream {
 public:
  virtual ~ApplyStream() = default;
  virtual Result<> write(Bytes records) = 0;
  virtual Result<ApplyReport> finish() = 0;
};

/// Local data of one guest: capture, rounds, digests, fence. The records' format is known to the implementation
/// alone. Safe to call from several threads for different sets; one call at a time for one set.
class GuestFiles {
 public:
  virtual ~GuestFiles() = default;

  /// Starts noticing changes of the sets. From its return on, every change is in a later round. Idempotent.
  virtual Result<> start_capture(const std::vector<FileSet>& sets) = 0;
  virtual Result<> stop_capture() = 0;
  virtual Result<Pending> pending(const std::string& set) = 0;

  /// Declares a set on the side that receives; scans it, so that what the target itself changes later is known. A
  /// second time it changes nothing but the rules, unless a round of the set was emitted here since.
  virtual Result<> open_target(const FileSet& set) = 0;
  /// Forgets what a set on the side that receives knows: the next open_target scans again. For a side that served since
  /// it was opened: what clients wrote there is no change of the target's own. Idempotent, also for a set never opened.
  virtual Result<> close_target(const std::string& set) = 0;
  /// The target's manifest as opaque bytes, for `emit` in mode reconcile.
  virtual Result<> manifest(const std::string& set, const ByteSink& sink) = 0;

  /// Declares a set on the side that receives, with the manifest (stamps, carried set) that `manifest` gave in an
  /// earlier life of the helper on the same disks, instead of scanning: after a reboot of the clone, what the target
  /// itself changed stays known.
  virtual Result<> restore_target(const FileSet& set, const ByteSource& manifest) = 0;

  /// Large files that changed, as far as is known without looking at everything, the largest first. The next `emit`
  /// sends them as differences from what the target has, where it is given the signatures.
  virtual Result<std::vector<std::string>> large(const std::string& set) = 0;
  /// Signatures of the target's versions of these paths, as opaque bytes: of those that it has as files and did not
  /// change itself, and as many as kSignatureBytes hold. What several calls gave may be put together.
  virtual Result<> signatures(const std::string& set, const std::vector<std::string>& paths, const ByteSink& sink) = 0;

  /// Takes what changed since the last successful `emit` and writes its records. After an error of the source's own the
  /// same paths are taken again by the next call; where the records travel to another process, the source may hold for
  /// carried what never arrived, so after any error the caller reconciles. `manifest`: for reconcile the target's;
  /// behind it, where `large` named any path since the last `emit`, what `signatures` gave for them, at most
  /// kSignatureBytes, or nothing: then they go whole. A file whose difference came too late for what the target has by
  /// then is `stale` in its report, and is carried by a reconcile without signatures.
  /// In mode compare it takes as many files, or parts of one, as a fraction of a second is enough for, at the lowest
  /// priority, and goes on there at the next call; what differs is for the target to say, and is carried by the next
  /// reconcile.
  virtual Result<EmitReport> emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                                  const ByteSink& sink) = 0;
  virtual Result<std::unique_ptr<ApplyStream>> apply(const std::string& set) = 0;
  /// Accepts the present state of these paths (empty: of all) as not the target's own change: called after `migrate`.
  virtual Result<> accept(const std::string& set, const std::vector<std::string>& paths) = 0;

  /// Digest over every path carried so far in this direction: on the source from the files as they are now (only
  /// what changed since the last call is read again), on the target from what was applied, before `migrate`.
  virtual Result<std::string> digest(const std::string& set) = 0;

  /// Freezes the file systems: those that hold the sets named, or with no name all writable ones of the guest. They
  /// thaw by themselves `ttl` after the call. Writers are blocked while dirty pages are written out: call sync()
  /// before. Returns how long they have been when it returns.
  virtual Result<Millis> freeze(const std::vector<std::string>& sets, Millis ttl) = 0;
  /// Thaws. The answer says whether the freeze had held until now: false means the lease had ended before.
  virtual Result<bool> thaw() = 0;
  /// Writes dirty pages out: of the sets' file systems, or with no name of all writable ones. So a later freeze is
  /// short, and what was written outlives the guest.
  virtual Result<> sync(const std::vector<std::string>& sets) = 0;
};

}  // namespace moult
