#pragma once

#include <cstdint>
#include <string>

#include "descriptors/base/result.hpp"

namespace moult {

/// Bytes a second from "2MiB/s", "2M", "1.5GiB/s", "500kB/s" or "4096B/s": K, M and G are of 1024, like KiB, MiB and
/// GiB; kB, MB and GB are of 1000; "/s" may be left out, the unit may not. Error: usage, with such forms, for anything
/// else, for nothing a second, for less than nothing, and for more than 1 TiB/s.
[[nodiscard]] Result<std::uint64_t> rate_of(const std::string& text);

/// "1.5MiB/s", at most one decimal.
[[nodiscard]] std::string rate_text(double bytes_per_second);

}  // namespace moult
