#include "orchestrator/store/plain_facts.hpp"

#include <algorithm>

#include "orchestrator/store/facts.hpp"

namespace moult {
namespace {

constexpr std::size_t kMostDigits = 15;

bool take(std::string_view& rest, std::string_view expected) {
  if (!rest.starts_with(expected)) return false;
  rest.remove_prefix(expected.size());
  return true;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Letters that need no escape; a '=' could make an assignment of a secret.
bool is_plain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '='; }

bool take_text(std::string_view& rest, std::string_view& text) {
  if (!take(rest, "\"")) return false;
  const auto* end = std::find_if_not(rest.begin(), rest.end(), is_plain);
  text = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(text.size());
  return take(rest, "\"") && text.find("://") == std::string_view::npos;  // a URL may hold a password
}

/// Without fraction or exponent, which have more than one spelling.
bool take_number(std::string_view& rest) {
  const bool negative = take(rest, "-");
  const auto* end = std::find_if_not(rest.begin(), rest.end(), is_digit);
  const auto digits = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
  rest.remove_prefix(digits.size());
  if (digits.empty() || digits.size() > kMostDigits) return false;
  return digits[0] != '0' || (digits.size() == 1 && !negative);
}

bool take_value(std::string_view& rest) {
  std::string_view text;
  if (rest.starts_with('"')) return take_text(rest, text);
  return take(rest, "true") || take(rest, "false") || take(rest, "null") || take_number(rest);
}

}  // namespace

bool are_plain_facts(std::string_view object) {
  if (object == "{}") return true;
  auto rest = object;
  if (!take(rest, "{")) return false;
  std::string_view key, before;
  do {
    if (!take_text(rest, key) || key <= before || looks_secret(key) || !take(rest, ":")) return false;
    if (!take_value(rest)) return false;
    before = key;
  } while (take(rest, ","));
  return rest == "}";
}

}  // namespace moult
