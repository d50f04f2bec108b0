#pragma once

#include <string>

#include "drivers/guest_access.hpp"

namespace moult {

/// The last line that is not empty of what a vendor's command said, without its end; "" when there is none.
[[nodiscard]] std::string last_line(const std::string& text);

/// A shell says that there is no such program, or that it cannot be run.
[[nodiscard]] bool no_program(const Outcome& outcome);

}  // namespace moult
