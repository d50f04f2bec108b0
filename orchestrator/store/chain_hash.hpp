#pragma once

#include <string>
#include <string_view>

namespace moult {

/// SHA-256 as 64 lower-case hex digits, by the processor's own instructions where it has them: an audit log is hashed
/// twice a row. Safe from any thread.
[[nodiscard]] std::string chain_hash(std::string_view bytes);

}  // namespace moult
