#pragma once

#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// One GET as a client would make it; good is a status below 400, its body read whole within the deadline. Errors:
/// invalid (not an http URL), failed with the answer, timeout, unreachable.
[[nodiscard]] Result<> check_through(const std::string& url, Millis deadline);

}  // namespace moult
