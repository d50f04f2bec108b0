#include "descriptors/base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace moult {
namespace {

constexpr std::size_t kLongestComparable = 64;

struct Decoded {
  std::uint32_t point = 0;
  std::size_t length = 0;  ///< 0: not well-formed
};

/// The character that starts at bytes[0]; bytes is not empty.
Decoded decode(std::string_view bytes) {
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return {};
  std::uint32_t point = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(bytes[i]);
    if ((next & 0xC0) != 0x80) return {};
    point = point << 6 | (next & 0x3Fu);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (point < kSmallest[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return {};
  return {point, length};
}

/// Characters that could move the cursor, end the line or turn the writing direction of what is printed.
bool unsafe_to_print(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || (point >= 0x200B && point <= 0x200F) ||
         (point >= 0x2028 && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

std::string escaped(std::uint32_t point) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = point <= 0xFF ? "\\x" : "\\u";
  for (int shift = point <= 0xFF ? 4 : 12; shift >= 0; shift -= 4) text += kHex[point >> shift & 0xFu];
  return text;
}

/// Edit distance with transpositions, three rows at a time.
std::size_t distance(std::string_view a, std::string_view b) {
  std::array<std::array<std::size_t, kLongestComparable + 1>, 3> rows{};
  for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto& row = rows[i % 3];
    const auto& above = rows[(i + 2) % 3];
    const auto& two_above = rows[(i + 1) % 3];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

template <typename Text>
std::string nearest_of(std::string_view name, std::span<const Text> candidates) {
  if (name.empty() || name.size() > kLongestComparable) return {};
  std::size_t best = std::max<std::size_t>(1, std::min<std::size_t>(3, name.size() / 3)) + 1;
  std::string_view found;
  for (std::string_view candidate : candidates) {
    const auto longer = std::max(name.size(), candidate.size()), shorter = std::min(name.size(), candidate.size());
    if (longer > kLongestComparable || longer - shorter >= best) continue;
    const auto apart = distance(name, candidate);
    if (apart < best) best = apart, found = candidate;
  }
  return std::string(found);
}

}  // namespace

std::optional<std::size_t> first_invalid_utf8(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const auto character = decode(bytes.substr(at));
    if (character.length == 0) return at;
    at += character.length;
  }
  return std::nullopt;
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string nearest(std::string_view name, std::span<const std::string> candidates) {
  return nearest_of(name, candidates);
}

std::string nearest(std::string_view name, std::span<const std::string_view> candidates) {
  return nearest_of(name, candidates);
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (at >= most) return out + "...";
    const auto character = decode(text.substr(at));
    const auto length = std::max<std::size_t>(1, character.length);
    if (character.length == 0)
      out += escaped(static_cast<unsigned char>(text[at]));
    else if (unsafe_to_print(character.point))
      out += escaped(character.point);
    else
      out += text.substr(at, length);
    at += length;
  }
  return out;
}

std::string in_quotes(std::string_view text) { return "\"" + printable(text) + "\""; }

std::string joined(std::span<const std::string> words, std::string_view separator) {
  std::string text;
  for (const auto& word : words) text.append(text.empty() ? "" : separator).append(word);
  return text;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace moult
