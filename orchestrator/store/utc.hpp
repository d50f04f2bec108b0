#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace moult {

/// "2024-05-01T10:00:00.000Z": the one form of time in the store.
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point when);

/// Whether it is in that form (with or without the fraction).
[[nodiscard]] bool is_utc_text(std::string_view text);

}  // namespace moult
