// PEP 440: [N!]N(.N)*[{a|b|rc}N][.postN][.devN][+LOCAL], with the spellings that it normalises.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "descriptors/base/text.hpp"
#include "descriptors/level/scheme.hpp"

namespace moult::level {
namespace {

struct Version {
  std::string epoch = "0", release, local;
  int phase = 3;  ///< 0 a, 1 b, 2 rc, 3 final
  std::optional<std::string> pre, post, dev;
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_separator(char c) { return c == '.' || c == '-' || c == '_'; }

/// Takes [separator]WORD[separator][digits] off the front, or nothing. An absent number is 0.
std::optional<std::string> take_marked(std::string_view& rest, std::string_view word) {
  auto ahead = rest;
  if (!ahead.empty() && is_separator(ahead[0])) ahead.remove_prefix(1);
  if (!ahead.starts_with(word)) return std::nullopt;
  ahead.remove_prefix(word.size());
  auto number = ahead;
  if (!number.empty() && is_separator(number[0])) number.remove_prefix(1);
  const auto digits = take_digits(number);
  rest = digits.empty() ? ahead : number;
  return digits.empty() ? "0" : std::string(digits);
}

struct Spelling {
  std::string_view word;
  int phase;
};

void take_pre(std::string_view& rest, Version& version) {
  constexpr std::array<Spelling, 8> kSpellings{
      {{"alpha", 0}, {"beta", 1}, {"preview", 2}, {"pre", 2}, {"rc", 2}, {"c", 2}, {"a", 0}, {"b", 1}}};
  for (const auto& spelling : kSpellings)
    if ((version.pre = take_marked(rest, spelling.word))) {
      version.phase = spelling.phase;
      return;
    }
}

void take_post(std::string_view& rest, Version& version) {
  for (const std::string_view word : {"post", "rev", "r"})
    if ((version.post = take_marked(rest, word))) return;
  if (rest.size() < 2 || rest[0] != '-' || !is_digit(rest[1])) return;
  rest.remove_prefix(1);
  version.post = std::string(take_digits(rest));
}

bool take_local(std::string_view& rest, Version& version) {
  if (rest.empty()) return true;
  if (rest[0] != '+' || rest.size() == 1) return false;
  version.local = rest.substr(1);
  rest = {};
  bool part_open = false;
  for (auto& c : version.local) {
    const bool separator = is_separator(c);
    if (!separator && !is_digit(c) && !is_letter(c)) return false;
    if (separator && !part_open) return false;
    part_open = !separator;
    if (separator) c = '.';
  }
  return part_open;
}

std::optional<Version> read(std::string_view level) {
  const auto text = lower(level);
  std::string_view rest = text;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  Version version;
  auto digits = take_digits(rest);
  if (!digits.empty() && rest.starts_with('!')) {
    version.epoch = digits;
    rest.remove_prefix(1);
    digits = take_digits(rest);
  }
  if (digits.empty()) return std::nullopt;
  version.release = digits;
  while (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) {
    rest.remove_prefix(1);
    version.release.append(".").append(take_digits(rest));
  }
  take_pre(rest, version);
  take_post(rest, version);
  version.dev = take_marked(rest, "dev");
  return take_local(rest, version) ? std::optional(version) : std::nullopt;
}

bool readable(std::string_view level) { return read(level).has_value(); }

/// A development release alone (1.0.dev1) stands before 1.0a1.
int phase_of(const Version& version) { return version.phase == 3 && version.dev && !version.post ? -1 : version.phase; }

std::weak_ordering order_local(std::string_view left, std::string_view right) {
  while (!left.empty() && !right.empty()) {
    const auto l = take_until(left, '.'), r = take_until(right, '.');
    const bool left_number = all_digits(l), right_number = all_digits(r);
    if (left_number != right_number) return left_number <=> right_number;
    if (const auto part = left_number ? order_digits(l, r) : l.compare(r) <=> 0; std::is_neq(part)) return part;
  }
  return !left.empty() <=> !right.empty();
}

/// An absent value stands before (post) or after (dev) every present one.
std::weak_ordering order_optional(const std::optional<std::string>& left, const std::optional<std::string>& right,
                                  bool absent_first) {
  if (left && right) return order_digits(*left, *right);
  return absent_first ? left.has_value() <=> right.has_value() : right.has_value() <=> left.has_value();
}

std::weak_ordering order(std::string_view left, std::string_view right) {
  const auto l = read(left).value_or(Version{}), r = read(right).value_or(Version{});
  if (const auto epoch = order_digits(l.epoch, r.epoch); std::is_neq(epoch)) return epoch;
  if (const auto release = kNumeric.order(l.release, r.release); std::is_neq(release)) return release;
  if (const auto phase = phase_of(l) <=> phase_of(r); std::is_neq(phase)) return phase;
  if (const auto pre = order_digits(l.pre.value_or("0"), r.pre.value_or("0")); std::is_neq(pre)) return pre;
  if (const auto post = order_optional(l.post, r.post, true); std::is_neq(post)) return post;
  if (const auto dev = order_optional(l.dev, r.dev, false); std::is_neq(dev)) return dev;
  return order_local(l.local, r.local);
}

}  // namespace

const SchemeRules kPep440{"pep440", "a Python version as in PEP 440, for example 2.0rc1 or 1.4.post1", readable, order};

}  // namespace moult::level
