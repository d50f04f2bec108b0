#pragma once

#include <string>

#include "support/pair.hpp"

namespace moult::test {

constexpr std::size_t kMiB = 1 << 20;

/// Bytes that no two seeds share and nothing packs.
[[nodiscard]] std::string noise(std::size_t size, unsigned seed);
/// Writes into a file that is there, at a place of it.
void write_into(const std::string& path, std::size_t offset, const std::string& text);

/// A file of which both sides have the same version, and then the source a changed one.
struct OneChanged {
  OneChanged();
  /// What the target gives for the large files that the source names.
  [[nodiscard]] std::string signatures();
  [[nodiscard]] Result<ApplyReport> round(const std::string& given);
  /// As Pair::require_equal, but for the times of directories, which move when the target changes its files itself.
  void require_carried();
  std::string from, to;
  Pair pair;
};

[[nodiscard]] LocalFilesOptions small_is_large();

}  // namespace moult::test
