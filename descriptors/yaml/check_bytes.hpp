#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "descriptors/yaml/node.hpp"

namespace moult::yaml {

/// One thing wrong with a file as YAML.
struct Problem {
  Place at;
  std::string path;  ///< of the key, "components.api.after[0]"; "" for the file as a whole
  std::string message;
};

/// What is wrong with the bytes themselves, before a parser sees them: too many, not UTF-8, control characters.
[[nodiscard]] std::optional<Problem> check_bytes(std::string_view bytes, const Limits& limits);

}  // namespace moult::yaml
