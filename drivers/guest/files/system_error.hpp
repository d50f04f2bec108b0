#pragma once

#include <string>
#include <string_view>

#include "descriptors/base/result.hpp"

namespace moult::files {

/// An Error that says what was tried and the system's reason. `error` is an errno value.
[[nodiscard]] Unexpected system_failure(const std::string& what, int error);

/// A path made safe for a message: in quotes, with what is not printable ASCII escaped, cut after 200 bytes.
[[nodiscard]] std::string shown(std::string_view path);

}  // namespace moult::files
