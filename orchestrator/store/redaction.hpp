#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace moult {

/// Replaces what looks like a secret, at any depth.
void redact(nlohmann::json& value);

/// "--password=x" to "--password=[redacted]", and the password of a URL likewise.
[[nodiscard]] std::string redact_text(const std::string& text);

}  // namespace moult
