#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult {

/// Writes a file whole: temporary name, sync, rename. Errors: io, no_space.
[[nodiscard]] Result<> write_file(const std::string& path, const std::string& content);
/// Reads a file whole, at most `limit` bytes. Errors: not_found, io, invalid (larger than the limit).
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit = 16U << 20U);

}  // namespace moult
