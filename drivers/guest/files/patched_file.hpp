#pragma once

#include <vector>

#include "drivers/fd.hpp"
#include "drivers/guest/files/delta.hpp"
#include "drivers/guest/files/hashes.hpp"

namespace moult::files {

/// A new file made of its old version and of what it differs by. Blocks of zeros are left as holes.
class PatchedFile {
 public:
  /// `old` is the version that the difference starts from; `fresh` is empty, takes the result, and is not owned.
  PatchedFile(Fd old, int fresh);
  Result<> feed(std::span<const std::byte> delta);
  /// After the last of it. Errors: invalid when it ends early.
  Result<> finish();
  [[nodiscard]] std::uint64_t size() const { return at_; }
  /// Of what was made.
  [[nodiscard]] Hash content_hash() { return content_.finish(at_); }

 private:
  Result<> take(std::span<const std::byte> bytes);
  Result<> flush();
  Fd old_;
  int fresh_;
  Patcher patcher_;
  Pieces pieces_;
  ContentHash content_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::uint64_t at_ = 0;  ///< everything before is written and hashed
};

}  // namespace moult::files
