#pragma once

#include <string>

namespace moult {

/// The last line that is not empty of what a vendor's command said, without its end; "" when there is none.
[[nodiscard]] std::string last_line(const std::string& text);

}  // namespace moult
