#include "orchestrator/store/redaction.hpp"

#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "orchestrator/store/facts.hpp"

namespace moult {
namespace {

using nlohmann::json;
constexpr const char* kRedacted = "[redacted]";

/// "API-Token" and "apiToken" to "apitoken".
std::string letters_of(std::string_view key) {
  std::string letters;
  for (const char c : key)
    if (std::isalnum(static_cast<unsigned char>(c)))
      letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return letters;
}

/// The word before '=' at `equals`: letters, digits, '-' and '_'.
std::size_t word_before(const std::string& text, std::size_t equals) {
  auto begin = equals;
  while (begin > 0 && (std::isalnum(static_cast<unsigned char>(text[begin - 1])) || text[begin - 1] == '-' ||
                       text[begin - 1] == '_'))
    --begin;
  return begin;
}

std::string without_assignments(std::string text) {
  for (auto at = text.find('='); at != std::string::npos; at = text.find('=', at + 1)) {
    const auto begin = word_before(text, at);
    if (!looks_secret(std::string_view(text).substr(begin, at - begin))) continue;
    const auto end = text.find_first_of(" \t\n&;,", at);
    text.replace(at + 1, (end == std::string::npos ? text.size() : end) - at - 1, kRedacted);
  }
  return text;
}

/// scheme://user:password@host; the authority ends at the first '/', and the password at its last '@'.
std::string without_url_passwords(std::string text) {
  for (auto at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const auto authority = at + 3;
    const auto end = std::min(text.find_first_of("/ \t\n", authority), text.size());
    const auto sign = text.substr(0, end).rfind('@');
    const auto colon = text.find(':', authority);
    if (sign == std::string::npos || sign < authority || colon >= sign) continue;
    text.replace(colon + 1, sign - colon - 1, kRedacted);
  }
  return text;
}

/// In a command line the word after "--password" is the secret.
void redact_array(json& array) {
  bool secret_follows = false;
  for (auto& element : array) {
    if (secret_follows && element.is_string()) element = kRedacted;
    secret_follows = element.is_string() && element.get_ref<const std::string&>().starts_with("-") &&
                     element.get_ref<const std::string&>().find('=') == std::string::npos &&
                     looks_secret(element.get_ref<const std::string&>());
    redact(element);
  }
}

}  // namespace

bool looks_secret(std::string_view key) {
  constexpr std::array<std::string_view, 10> kMarks{"password",   "passwd", "passphrase", "secret",    "token",
                                                    "credential", "apikey", "privatekey", "accesskey", "authorization"};
  const auto letters = letters_of(key);
  for (const auto mark : kMarks)
    if (letters.find(mark) != std::string::npos) return true;
  return false;
}

std::string redact_text(const std::string& text) { return without_url_passwords(without_assignments(text)); }

void redact(json& value) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.find('=') != std::string::npos || text.find("://") != std::string::npos) value = redact_text(text);
  } else if (value.is_array()) {
    redact_array(value);
  } else if (value.is_object()) {
    for (auto& [key, element] : value.items()) {
      if (looks_secret(key) && !element.is_null() && !element.is_boolean() && element != json(""))
        element = kRedacted;
      else
        redact(element);
    }
  }
}

}  // namespace moult
