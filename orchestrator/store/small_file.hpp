#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult {

/// An Error for a failed system call on a file: no_space, not_found, refused (permission) or io, by errno.
[[nodiscard]] Unexpected file_error(int error_number, const std::string& what, const std::string& path);

/// The content of a file of at most 64 KiB.
[[nodiscard]] Result<std::string> read_small_file(const std::string& path);

/// Replaces a file (0600) as one step, durably: a temporary file, fsync, rename, fsync of the directory.
[[nodiscard]] Result<> write_small_file(const std::string& path, const std::string& content);

/// Makes a rename in a directory durable.
[[nodiscard]] Result<> sync_directory(const std::string& path);

/// Refused when group or others may read it, or when somebody else than root or this user owns it.
[[nodiscard]] Result<> check_private_file(const std::string& path);

}  // namespace moult
