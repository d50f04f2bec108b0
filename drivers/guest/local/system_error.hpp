#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult::guest {

/// An Error that names what was tried, on what, and the system's reason (an errno value).
[[nodiscard]] Unexpected system_failure(const std::string& what, const std::string& on, int error);

}  // namespace moult::guest
