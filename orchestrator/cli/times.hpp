#pragma once

#include <chrono>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// "250ms", "2s", "1.5s", "10m", "1h". Error: usage, with these forms.
[[nodiscard]] Result<Millis> duration_of(const std::string& text);
/// "2026-01-31T02:00:00Z", or "02:00" for the next such moment in UTC after `now`. Error: usage.
[[nodiscard]] Result<std::chrono::system_clock::time_point> moment_of(const std::string& text,
                                                                      std::chrono::system_clock::time_point now);

}  // namespace moult
