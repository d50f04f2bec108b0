#pragma once

#include <chrono>
#include <optional>

#include "drivers/clock.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// More than what asking a guest for its time leaves in doubt.
inline constexpr std::chrono::seconds kClockTolerance{5};

/// How far the guest's wall clock is ahead of this host's, to the second. nullopt: it does not tell.
[[nodiscard]] std::optional<std::chrono::seconds> clock_ahead(GuestAccess& guest, const Clock& clock);

}  // namespace moult
