// [EPOCH:]VERSION[-RELEASE], ordered as rpm's rpmvercmp does, with "~" (before) and "^" (after).
#include <algorithm>

#include "descriptors/base/text.hpp"
#include "descriptors/level/scheme.hpp"

namespace moult::level {
namespace {

struct Parts {
  std::string_view epoch = "0", version, release;
  bool has_release = false;
};

Parts split(std::string_view level) {
  Parts parts;
  if (const auto colon = level.find(':'); colon != std::string_view::npos) {
    parts.epoch = level.substr(0, colon);
    level.remove_prefix(colon + 1);
  }
  if (const auto dash = level.rfind('-'); dash != std::string_view::npos) {
    parts.release = level.substr(dash + 1);
    parts.has_release = true;
    level = level.substr(0, dash);
  }
  parts.version = level;
  return parts;
}

bool is_field(std::string_view text) {
  constexpr std::string_view kExtra = "._+~^";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_digit(c) || is_letter(c) || kExtra.find(c) != std::string_view::npos;
  });
}

bool readable(std::string_view level) {
  const auto parts = split(level);
  return all_digits(parts.epoch) && is_field(parts.version) && (!parts.has_release || is_field(parts.release));
}

bool is_separator(char c) { return !is_digit(c) && !is_letter(c) && c != '~' && c != '^'; }

void skip_separators(std::string_view& rest) {
  rest.remove_prefix(static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_separator) - rest.begin()));
}

std::string_view take_letters(std::string_view& rest) {
  const auto end = static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_letter) - rest.begin());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end);
  return part;
}

bool starts(std::string_view text, char c) { return !text.empty() && text[0] == c; }

/// Who holds the mark alone: with "~" the holder is lower; with "^" it is higher than the end, lower than more text.
std::weak_ordering order_mark(std::string_view left, std::string_view right, char mark) {
  const bool left_has = starts(left, mark);
  if (mark == '~') return left_has ? std::weak_ordering::less : std::weak_ordering::greater;
  if (left_has) return right.empty() ? std::weak_ordering::greater : std::weak_ordering::less;
  return left.empty() ? std::weak_ordering::less : std::weak_ordering::greater;
}

/// One run of digits or of letters from each side; digits are higher than letters.
std::weak_ordering order_run(std::string_view& left, std::string_view& right) {
  const bool left_number = is_digit(left[0]), right_number = is_digit(right[0]);
  if (left_number != right_number) return left_number <=> right_number;
  if (left_number) {
    const auto l = take_digits(left), r = take_digits(right);
    return order_digits(l, r);
  }
  const auto l = take_letters(left), r = take_letters(right);
  return l.compare(r) <=> 0;
}

std::weak_ordering order_field(std::string_view left, std::string_view right) {
  for (;;) {
    skip_separators(left);
    skip_separators(right);
    bool marked = false;
    for (const char mark : {'~', '^'}) {
      if (!starts(left, mark) && !starts(right, mark)) continue;
      if (!starts(left, mark) || !starts(right, mark)) return order_mark(left, right, mark);
      left.remove_prefix(1);
      right.remove_prefix(1);
      marked = true;
      break;
    }
    if (marked) continue;
    if (left.empty() || right.empty()) return !left.empty() <=> !right.empty();
    if (const auto order = order_run(left, right); std::is_neq(order)) return order;
  }
}

std::weak_ordering order(std::string_view left, std::string_view right) {
  const auto l = split(left), r = split(right);
  if (const auto epoch = order_digits(l.epoch, r.epoch); std::is_neq(epoch)) return epoch;
  if (const auto version = order_field(l.version, r.version); std::is_neq(version)) return version;
  if (l.has_release != r.has_release) return l.has_release <=> r.has_release;
  return order_field(l.release, r.release);
}

}  // namespace

const SchemeRules kRpm{"rpm", "[EPOCH:]VERSION[-RELEASE] as in rpm, for example 2.0-1.el9", readable, order};

}  // namespace moult::level
