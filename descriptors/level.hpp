#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"

namespace moult {

/// Checks that a scheme can read a level. Error: invalid, with what the scheme expects.
[[nodiscard]] Result<> check_level(Scheme scheme, std::string_view level);

/// Orders two levels under a scheme. Error: invalid, naming the level that cannot be read.
[[nodiscard]] Result<std::weak_ordering> compare_levels(Scheme scheme, std::string_view left, std::string_view right);

/// Does a level satisfy a constraint such as ">=1.0.0 <2.0.0 || =3.1.0"? Spaces join with "and".
/// An empty constraint is satisfied by every level. Error: invalid.
[[nodiscard]] Result<bool> satisfies(Scheme scheme, std::string_view level, std::string_view constraint);

/// Checks a constraint's form and that its scheme can read each level in it. Error: invalid.
[[nodiscard]] Result<> check_constraint(Scheme scheme, std::string_view constraint);

[[nodiscard]] std::string_view name_of(Scheme scheme);

}  // namespace moult
