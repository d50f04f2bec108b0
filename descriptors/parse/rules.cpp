#include "descriptors/parse/rules.hpp"

#include <algorithm>

#include "descriptors/base/text.hpp"

namespace moult::parse {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::size_t kLongestLine = 255;
constexpr std::size_t kLongestPath = 4095;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }
bool is_visible(char c) { return c > 0x20 && c < 0x7F; }

/// Letters, digits and what stands in `extra`.
bool only(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_alnum(c) || extra.find(c) != std::string_view::npos; });
}

bool one_line(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
  });
}

/// No part is empty, "." or ".."; one slash at the end is allowed.
bool plain_parts(std::string_view path) {
  if (path.ends_with('/')) path.remove_suffix(1);
  for (;;) {
    const auto part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    if (part.size() == path.size()) return true;
    path.remove_prefix(part.size() + 1);
  }
}

bool name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestName && is_alnum(text[0]) && only(text, "._-");
}
bool identifier(std::string_view text) {
  return !text.empty() && text.size() <= kLongestLine && is_alnum(text[0]) && only(text, "._-");
}
bool line(std::string_view text) { return one_line(text, kLongestLine); }
bool domain_name(std::string_view text) { return line(text) && text.find('/') == std::string_view::npos; }
bool directory(std::string_view text) {
  return one_line(text, kLongestPath) && text[0] == '/' && text.size() > 1 && plain_parts(text.substr(1));
}
bool absolute_path(std::string_view text) { return directory(text) && !text.ends_with('/'); }
bool payload_name(std::string_view text) {
  return line(text) && text[0] != '/' && text[0] != '-' && !text.ends_with('/') && plain_parts(text);
}
bool pattern(std::string_view text) { return one_line(text, kLongestPath) && text[0] != '/' && plain_parts(text); }
bool host_uri(std::string_view text) {
  const auto colon = text.find(':');
  return line(text) && is_lower(text[0]) && colon != std::string_view::npos && only(text.substr(0, colon), "+.-") &&
         colon + 1 < text.size() && std::all_of(text.begin(), text.end(), is_visible);
}
bool sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}
bool package_name(std::string_view text) {
  return text.size() >= 2 && line(text) && (is_lower(text[0]) || is_digit(text[0])) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; });
}
bool disk_target(std::string_view text) {
  return text.size() >= 2 && text.size() <= 15 && is_lower(text[0]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower(c) || is_digit(c); });
}
bool table_name(std::string_view text) {
  const auto dot = text.find('.');
  return line(text) && dot != 0 && dot != std::string_view::npos && dot + 1 < text.size();
}
bool unit_name(std::string_view text) { return line(text) && text[0] != '-' && only(text, "@:_.\\-"); }
bool proxy_name(std::string_view text) { return line(text) && only(text, "-_.:"); }
bool map_name(std::string_view text) {
  return line(text) && std::all_of(text.begin(), text.end(), [](char c) { return is_visible(c) && c != ';'; });
}
bool http_path(std::string_view text) {
  return one_line(text, kLongestPath) && text[0] == '/' && std::all_of(text.begin(), text.end(), is_visible);
}
bool http_url(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  return one_line(text, kLongestPath) && text.starts_with(kScheme) && text.size() > kScheme.size() &&
         text[kScheme.size()] != '/' && std::all_of(text.begin(), text.end(), is_visible);
}

}  // namespace

const TextRule kAnyText{"text", [](std::string_view) { return true; }};
const TextRule kLine{"one line of text, at most 255 bytes", line};
const TextRule kName{"a name of letters, digits, \".\", \"_\" and \"-\", at most 63, a letter or digit first", name};
const TextRule kIdentifier{"an identifier such as org.example.notes", identifier};
const TextRule kDomainName{"the name of a libvirt domain, without \"/\"", domain_name};
const TextRule kHostUri{"a libvirt URI such as qemu:///system", host_uri};
const TextRule kAbsolutePath{"an absolute path of a file, without \"..\"", absolute_path};
const TextRule kDirectory{"an absolute path of a directory below /, without \"..\"", directory};
const TextRule kPayloadName{"a path relative to this file, without \"..\"", payload_name};
const TextRule kPattern{"a pattern on paths below the root, not absolute, without \"..\"", pattern};
const TextRule kSha256{"64 lower-case hex digits", sha256};
const TextRule kPackageName{"the name of a Debian package", package_name};
const TextRule kDiskTarget{"the target of a disk, such as vdb", disk_target};
const TextRule kTableName{"a table with its schema, such as public.history", table_name};
const TextRule kUnitName{"the name of a systemd unit", unit_name};
const TextRule kFrontendName{"the name of an HAProxy frontend", proxy_name};
const TextRule kBackendName{"the name of an HAProxy backend", proxy_name};
const TextRule kMapName{"the name of an HAProxy map, without spaces or \";\"", map_name};
const TextRule kHttpPath{"a path that starts with \"/\", without spaces", http_path};
const TextRule kHttpUrl{"a URL such as http://192.0.2.10/health", http_url};

}  // namespace moult::parse
