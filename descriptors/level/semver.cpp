// Semantic Versioning 2.0.0, sections 2, 9, 10 and 11.
#include <algorithm>

#include "descriptors/base/text.hpp"
#include "descriptors/level/scheme.hpp"

namespace moult::level {
namespace {

struct Parts {
  std::string_view core, prerelease, build;
  bool has_prerelease = false, has_build = false;
};

Parts split(std::string_view level) {
  Parts parts;
  const auto plus = level.find('+');
  if ((parts.has_build = plus != std::string_view::npos)) parts.build = level.substr(plus + 1);
  level = level.substr(0, plus);
  const auto dash = level.find('-');
  if ((parts.has_prerelease = dash != std::string_view::npos)) parts.prerelease = level.substr(dash + 1);
  parts.core = level.substr(0, dash);
  return parts;
}

bool is_number(std::string_view text) { return all_digits(text) && (text.size() == 1 || text[0] != '0'); }

bool is_identifier(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || is_letter(c) || c == '-'; });
}

template <typename Accepts>
bool each_part(std::string_view text, Accepts accepts) {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty())
    if (!accepts(take_until(text, '.'))) return false;
  return true;
}

bool readable(std::string_view level) {
  const auto parts = split(level);
  const auto numeric_is_number = [](std::string_view id) {
    return is_identifier(id) && (!all_digits(id) || is_number(id));
  };
  return std::count(parts.core.begin(), parts.core.end(), '.') == 2 && each_part(parts.core, is_number) &&
         (!parts.has_prerelease || each_part(parts.prerelease, numeric_is_number)) &&
         (!parts.has_build || each_part(parts.build, is_identifier));
}

std::weak_ordering order_identifier(std::string_view left, std::string_view right) {
  const bool left_number = all_digits(left), right_number = all_digits(right);
  if (left_number && right_number) return order_digits(left, right);
  if (left_number != right_number) return left_number ? std::weak_ordering::less : std::weak_ordering::greater;
  return left.compare(right) <=> 0;
}

/// Part by part; where one list ends before the other, the longer one is higher.
std::weak_ordering order_parts(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    const auto l = take_until(left, '.'), r = take_until(right, '.');
    if (const auto order = order_identifier(l, r); std::is_neq(order)) return order;
  }
  return !left.empty() <=> !right.empty();
}

std::weak_ordering order(std::string_view left, std::string_view right) {
  const auto l = split(left), r = split(right);
  if (const auto core = order_parts(l.core, r.core); std::is_neq(core)) return core;
  if (l.has_prerelease != r.has_prerelease) return r.has_prerelease <=> l.has_prerelease;
  return order_parts(l.prerelease, r.prerelease);
}

}  // namespace

const SchemeRules kSemver{"semver", "MAJOR.MINOR.PATCH[-PRERELEASE][+BUILD], for example 2.0.0-rc.1", readable, order};

}  // namespace moult::level
