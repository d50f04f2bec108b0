#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "descriptors/base/result.hpp"

namespace moult::files {

struct Extent {
  std::uint64_t start = 0, end = 0;
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(end - start); }
};

/// The parts of a file that hold data, in order, widened to blocks of 4 KiB; holes between them are left out.
class Extents {
 public:
  /// `from`: where to begin, a multiple of 4 KiB.
  Extents(int fd, const struct stat& st, std::uint64_t from = 0);
  [[nodiscard]] std::optional<Extent> next();

 private:
  int fd_;
  std::uint64_t size_;
  std::uint64_t at_;
  bool dense_;
};

/// pread(2) until the buffer is full or the file ends. Returns how many bytes.
Result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<std::byte> buffer);
/// pwrite(2) until all is written.
Result<> write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes);

}  // namespace moult::files
