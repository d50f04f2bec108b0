#pragma once

#include <vector>

#include "drivers/fd.hpp"
#include "drivers/guest/files/delta.hpp"
#include "drivers/guest/files/hashes.hpp"
#include "drivers/guest/files/stamp.hpp"

namespace moult::files {

/// A new file made of its old version and of what it differs by. Blocks of zeros are left as holes.
class PatchedFile {
 public:
  /// `old` is the version that the difference starts from, with its stamp; `fresh` is empty, takes the result, and is
  /// not owned. A result above `limit` bytes is an error: a few bytes of a difference can ask for any number.
  PatchedFile(Fd old, const Stamp& stamp, int fresh, std::uint64_t limit);
  /// Errors: invalid for what is no difference.
  Result<> feed(std::span<const std::byte> delta);
  /// After the last of it. Errors: invalid when it ends early.
  Result<> finish();
  [[nodiscard]] std::uint64_t size() const { return at_; }
  /// Of what was made.
  [[nodiscard]] Hash content_hash() { return content_.finish(at_); }
  /// The old version was written to since: what was made of it may be anything.
  [[nodiscard]] bool moved() const;

 private:
  Result<> take(std::span<const std::byte> bytes);
  Result<> flush();
  Fd old_;
  Stamp stamp_;
  int fresh_;
  std::uint64_t limit_;
  Patcher patcher_;
  Pieces pieces_;
  ContentHash content_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::uint64_t at_ = 0;  ///< everything before is written and hashed
};

}  // namespace moult::files
