// Dotted whole numbers of any length; what is not written counts as 0.
#include <algorithm>

#include "descriptors/base/text.hpp"
#include "descriptors/level/scheme.hpp"

namespace moult::level {
namespace {

bool readable(std::string_view level) {
  if (level.empty() || level.back() == '.') return false;
  while (!level.empty())
    if (!all_digits(take_until(level, '.'))) return false;
  return true;
}

std::weak_ordering order(std::string_view left, std::string_view right) {
  while (!left.empty() || !right.empty()) {
    const auto l = take_until(left, '.'), r = take_until(right, '.');
    if (const auto part = order_digits(l, r); std::is_neq(part)) return part;
  }
  return std::weak_ordering::equivalent;
}

}  // namespace

const SchemeRules kNumeric{"numeric", "whole numbers with dots between them, for example 12 or 2.10.3", readable,
                           order};

}  // namespace moult::level
