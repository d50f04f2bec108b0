#pragma once

#include <string>
#include <vector>

namespace moult::tests {

/// One descriptor of tests/descriptors/data. Bad ones end with comments: what kind of wrong they are, and each
/// finding that they must give.
struct Sample {
  std::string path, name, text;
  std::string kind;                   ///< bad only: "structure", "meaning" or "syntax"
  std::vector<std::string> expected;  ///< bad only: "LINE:COLUMN: PATH: MESSAGE", in order
};

/// All samples of a folder below tests/descriptors/data, by name.
[[nodiscard]] std::vector<Sample> samples(const std::string& folder);

/// The good sample with this name.
[[nodiscard]] std::string good_text(const std::string& name);

}  // namespace moult::tests
