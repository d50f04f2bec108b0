#pragma once

#include "drivers/guest_access.hpp"

namespace moult::guest {

/// As GuestAccess::put on this machine. Missing directories above the file are made.
[[nodiscard]] Result<> write_whole(const std::string& path, std::uint32_t mode, const ByteSource& content);
/// As GuestAccess::get on this machine. Code::invalid for what is no regular file.
[[nodiscard]] Result<> read_whole(const std::string& path, const ByteSink& sink);

}  // namespace moult::guest
