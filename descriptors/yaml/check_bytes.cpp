#include "descriptors/yaml/check_bytes.hpp"

#include <algorithm>

#include "descriptors/base/text.hpp"

namespace moult::yaml {
namespace {

Place place_of(std::string_view bytes, std::size_t offset) {
  const auto before = bytes.substr(0, offset);
  const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          1 + static_cast<int>(count_characters(before.substr(line_start)))};
}

/// YAML allows tab, line feed and carriage return of these; its C++ parser takes 0x04 for the end of the file.
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F;
}

}  // namespace

std::optional<Problem> check_bytes(std::string_view bytes, const Limits& limits) {
  if (bytes.size() > limits.bytes)
    return Problem{{}, {}, "the file is larger than " + std::to_string(limits.bytes) + " bytes, the most that is read"};
  if (const auto broken = first_invalid_utf8(bytes))
    return Problem{place_of(bytes, *broken),
                   {},
                   "the file is not valid UTF-8 at byte " + std::to_string(*broken) + "; save it as UTF-8"};
  const auto control = std::find_if(bytes.begin(), bytes.end(), is_control);
  if (control == bytes.end()) return std::nullopt;
  const auto offset = static_cast<std::size_t>(control - bytes.begin());
  const std::string what = *control == '\0' ? "a NUL byte" : "a control character";
  return Problem{place_of(bytes, offset), {}, what + " at byte " + std::to_string(offset) + "; text files have none"};
}

}  // namespace moult::yaml
