#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moult {

/// Offset of the first byte that is no part of well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] std::optional<std::size_t> first_invalid_utf8(std::string_view bytes);

[[nodiscard]] inline bool valid_utf8(std::string_view bytes) { return !first_invalid_utf8(bytes); }

/// Number of characters (code points) in valid UTF-8.
[[nodiscard]] std::size_t count_characters(std::string_view text);

/// The candidate that a person most likely meant by `name`, or "" when none is near. Swapped neighbours count as one
/// slip. O(candidates x name), names longer than 64 bytes have no neighbour.
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string> candidates);
[[nodiscard]] std::string nearest(std::string_view name, std::span<const std::string_view> candidates);

/// Text from a file made safe for a terminal and for one line: control and direction characters and bytes that are
/// not UTF-8 are escaped, what is longer than `most` bytes is cut.
[[nodiscard]] std::string printable(std::string_view text, std::size_t most = 60);

/// The same in double quotes.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// "a, b, c".
[[nodiscard]] std::string joined(std::span<const std::string> words, std::string_view separator = ", ");

/// Is every character a decimal digit, and is there one at all? Locale does not matter.
[[nodiscard]] bool all_digits(std::string_view text);

}  // namespace moult
