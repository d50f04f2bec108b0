#pragma once

#include <cstdint>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"

namespace moult {

/// Bounds on what an archive may unpack to. A bomb is found while it is read, long before it fills a disk.
struct ArchiveLimits {
  std::uint64_t entries = 1'000'000;
  std::uint64_t bytes = std::uint64_t{64} << 30;       ///< of all files together
  std::uint64_t ratio = 200;                           ///< unpacked bytes for each packed one ...
  std::uint64_t ratio_from = std::uint64_t{16} << 20;  ///< ... once this much was unpacked
};

struct ArchiveFacts {
  std::uint64_t entries = 0, bytes = 0;
};

/// Reads an archive through (tar: ustar, pax or GNU; plain, gzip, bzip2, xz, zstd or lz4) and judges every entry.
/// Error: invalid, with the entry and the reason.
[[nodiscard]] Result<ArchiveFacts> inspect_archive(const std::string& path, const ArchiveLimits& limits);

/// The same, and writes what was admitted as a plain pax tar into an unnamed temporary file: owner root, modes without
/// set-id bits, no extended attributes. The file is gone when the Fd closes. Errors: invalid; io; no_space.
[[nodiscard]] Result<Fd> normalise_archive(const std::string& path, const ArchiveLimits& limits);

}  // namespace moult
