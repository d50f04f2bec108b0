#pragma once

#include <string_view>
#include <vector>

#include "descriptors/base/result.hpp"

namespace moult::level {

enum class Operator { equal, not_equal, less, less_equal, greater, greater_equal };

/// ">=1.0.0": the found level compared with this one.
struct Comparison {
  Operator op = Operator::equal;
  std::string_view level;
};

/// Alternatives ("||"), each a list of comparisons that must all hold. Views point into the text that was read.
using Constraint = std::vector<std::vector<Comparison>>;

/// Reads a constraint's form; its levels are not checked against a scheme. Empty text: no alternatives, all levels.
/// Error: invalid.
[[nodiscard]] Result<Constraint> read_constraint(std::string_view text);

}  // namespace moult::level
