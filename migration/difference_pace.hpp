#pragma once

#include <cstdint>

#include "drivers/guest_files.hpp"

namespace moult {

/// Does a large file that changed arrive sooner as its difference than whole? By what the rounds of this run took: on a
/// fast channel the reading and hashing of a difference costs more than the channel saves. Value type.
class DifferencePace {
 public:
  /// Rounds of fewer bytes tell more of what each round costs than of a file.
  explicit DifferencePace(std::uint64_t enough) : enough_(enough) {}
  void met(const EmitReport& emitted, Millis took) {
    const auto bytes = emitted.as_differences > 0 ? emitted.as_differences : emitted.bytes;
    if (bytes < enough_) return;
    auto& rate = emitted.as_differences > 0 ? as_difference_ : whole_;
    rate = static_cast<double>(bytes) / static_cast<double>(took.count() + 1);
  }
  /// Until both are known it does, since it moves less.
  [[nodiscard]] bool pays() const { return whole_ == 0 || as_difference_ == 0 || as_difference_ > whole_; }

 private:
  std::uint64_t enough_;
  double whole_ = 0, as_difference_ = 0;  ///< bytes a millisecond; 0: not known
};

}  // namespace moult
