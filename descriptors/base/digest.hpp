#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "descriptors/base/result.hpp"

namespace moult {

/// Size in bytes and SHA-256 (64 lower-case hex digits) of a file's content.
struct FileDigest {
  std::uint64_t size = 0;
  std::string sha256;
};

/// SHA-256 as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::span<const std::byte> bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// Reads a regular file once, in pieces, whatever its size. Errors: not_found; invalid for anything that is not a
/// regular file; io. Safe from any thread; memory use is constant.
[[nodiscard]] Result<FileDigest> digest_file(const std::string& path);

}  // namespace moult
