#pragma once

#include <compare>
#include <string_view>

#include "descriptors/base/result.hpp"

namespace moult::level {

/// One scheme of levels: what it can read, and how it orders what it can read. `order` is called with levels that
/// `readable` accepted, and is a total preorder over them.
struct SchemeRules {
  std::string_view name;
  std::string_view expects;  ///< for a person: "MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD]"
  bool (*readable)(std::string_view level);
  std::weak_ordering (*order)(std::string_view left, std::string_view right);
};

extern const SchemeRules kSemver, kDeb, kRpm, kNumeric, kDate, kPep440;

/// Orders two strings of digits as numbers of any length.
[[nodiscard]] std::weak_ordering order_digits(std::string_view left, std::string_view right);

/// Splits off what stands before `separator`; `rest` becomes what stands after it, or empty.
[[nodiscard]] std::string_view take_until(std::string_view& rest, char separator);

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Takes the run of digits at the front of `rest`; may be empty.
[[nodiscard]] std::string_view take_digits(std::string_view& rest);

}  // namespace moult::level
