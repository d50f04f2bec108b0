#pragma once

#include <memory>
#include <string>

#include "drivers/guest/files/local_files.hpp"
#include "support/snapshot.hpp"

namespace moult::test {

struct Moved {
  EmitReport emitted;
  ApplyReport applied;
  std::size_t stream_bytes = 0;
  std::size_t large = 0, signature_bytes = 0;  ///< files that the source asked signatures of, and what they took
};

/// An original and its clone in one process: two GuestFiles, each with a directory of its own for the set "data".
class Pair {
 public:
  Pair(const std::string& source_root, const std::string& target_root, LocalFilesOptions options = {});
  /// With a GuestFiles that other pairs use too, under another name for the set: stopping capture takes the kernel 20
  /// ms.
  Pair(const std::string& source_root, const std::string& target_root, std::shared_ptr<GuestFiles> both,
       std::string name);
  /// Starts capture, opens the target, carries the first round.
  Moved begin();
  /// One round, which must succeed. Checks that each piece of the stream is at most 256 KiB.
  Moved round(RoundMode mode);
  Result<Moved> try_round(RoundMode mode);
  /// What follows a round that left files stale: everything is compared, and no file goes as a difference.
  Moved whole_round();
  /// The same from the clone to the original.
  Moved round_back(RoundMode mode);
  [[nodiscard]] std::string source_digest();
  [[nodiscard]] std::string target_digest();
  /// Requires equal trees and equal digests.
  void require_equal(SnapshotOptions options = {});
  [[nodiscard]] std::string saved_manifest();

  FileSet from, to;
  std::shared_ptr<GuestFiles> source, target;
};

Result<Moved> carry(GuestFiles& from, const std::string& set, GuestFiles& to, const std::string& to_set, RoundMode mode,
                    bool differences = true);
[[nodiscard]] ByteSource source_of(std::string bytes);
[[nodiscard]] ByteSource nothing();

/// Small tools for trees; each throws when it fails.
void write_file(const std::string& path, const std::string& content);
void append_file(const std::string& path, const std::string& content);
[[nodiscard]] std::string read_file(const std::string& path);
[[nodiscard]] bool exists(const std::string& path);
void make_directory(const std::string& path);
void set_times(const std::string& path, long seconds, long nanoseconds);

/// Waits until another change of what was written by now moves its stamp.
void let_settle();
/// Nothing of moult's own is left in a tree.
void require_no_temporaries(const std::string& root);

/// Catch prints the error of a Result that has none to give.
template <typename T>
std::string why(const Result<T>& result) {
  return result ? std::string() : result.error().describe();
}

}  // namespace moult::test
