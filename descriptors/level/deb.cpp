// Debian policy 5.6.12: [EPOCH:]UPSTREAM[-REVISION].
#include <algorithm>

#include "descriptors/base/text.hpp"
#include "descriptors/level/scheme.hpp"

namespace moult::level {
namespace {

struct Parts {
  std::string_view epoch = "0", upstream, revision = "0";
  bool has_revision = false;
};

Parts split(std::string_view level) {
  Parts parts;
  if (const auto colon = level.find(':'); colon != std::string_view::npos) {
    parts.epoch = level.substr(0, colon);
    level.remove_prefix(colon + 1);
  }
  if (const auto dash = level.rfind('-'); dash != std::string_view::npos) {
    parts.revision = level.substr(dash + 1);
    parts.has_revision = true;
    level = level.substr(0, dash);
  }
  parts.upstream = level;
  return parts;
}

bool consists_of(std::string_view text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_digit(c) || is_letter(c) || extra.find(c) != std::string_view::npos;
  });
}

bool readable(std::string_view level) {
  const auto parts = split(level);
  return all_digits(parts.epoch) && consists_of(parts.upstream, ".+-~:") && is_digit(parts.upstream[0]) &&
         consists_of(parts.revision, ".+~");
}

/// "~" before the end of the text, the end before letters, letters before the rest.
int weight(std::string_view text, std::size_t at) {
  if (at >= text.size() || is_digit(text[at])) return 0;
  if (text[at] == '~') return -1;
  return is_letter(text[at]) ? text[at] : text[at] + 256;
}

std::weak_ordering order_fragment(std::string_view left, std::string_view right) {
  while (!left.empty() || !right.empty()) {
    while ((!left.empty() && !is_digit(left[0])) || (!right.empty() && !is_digit(right[0]))) {
      if (const auto order = weight(left, 0) <=> weight(right, 0); std::is_neq(order)) return order;
      left.remove_prefix(std::min<std::size_t>(1, left.size()));
      right.remove_prefix(std::min<std::size_t>(1, right.size()));
    }
    const auto l = take_digits(left), r = take_digits(right);
    if (const auto order = order_digits(l, r); std::is_neq(order)) return order;
  }
  return std::weak_ordering::equivalent;
}

std::weak_ordering order(std::string_view left, std::string_view right) {
  const auto l = split(left), r = split(right);
  if (const auto epoch = order_digits(l.epoch, r.epoch); std::is_neq(epoch)) return epoch;
  if (const auto upstream = order_fragment(l.upstream, r.upstream); std::is_neq(upstream)) return upstream;
  return order_fragment(l.revision, r.revision);
}

}  // namespace

const SchemeRules kDeb{"deb", "[EPOCH:]UPSTREAM[-REVISION] as in Debian, starting with a digit, for example 1:2.0-1",
                       readable, order};

}  // namespace moult::level
