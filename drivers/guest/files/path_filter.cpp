#include "drivers/guest/files/path_filter.hpp"

#include <sodium.h>

#include <algorithm>
#include <utility>

namespace moult::files {
namespace {

constexpr std::string_view kTemporaryPrefix = ".moult-tmp-";
constexpr std::size_t kTemporaryBytes = 16;

bool any_matches(const std::vector<std::string>& patterns, std::string_view path) {
  for (const auto& pattern : patterns)
    if (glob_matches(pattern, path)) return true;
  return false;
}

}  // namespace

PathFilter::PathFilter(std::vector<std::string> include, std::vector<std::string> exclude)
    : include_(std::move(include)), exclude_(std::move(exclude)) {}

PathFilter PathFilter::everything() {
  PathFilter filter;
  filter.temporaries_ = true;
  return filter;
}

bool PathFilter::open_below(std::string_view path) const {
  return (temporaries_ || !is_temporary_name(last_name_of(path))) && !any_matches(exclude_, path);
}

bool PathFilter::open_to(std::string_view path) const {
  for (auto part = path; !part.empty() && part != "."; part = parent_of(part))
    if (!open_below(part)) return false;
  return true;
}

bool PathFilter::included(std::string_view path) const {
  if (include_.empty()) return true;
  for (auto part = path; !part.empty() && part != "."; part = parent_of(part))
    if (any_matches(include_, part)) return true;
  return false;
}

bool is_temporary_name(std::string_view name) {
  if (name.size() != kTemporaryPrefix.size() + 2 * kTemporaryBytes || !name.starts_with(kTemporaryPrefix)) return false;
  return name.find_first_not_of("0123456789abcdef", kTemporaryPrefix.size()) == std::string_view::npos;
}

std::string temporary_name() {
  unsigned char bytes[kTemporaryBytes];
  randombytes_buf(bytes, sizeof bytes);
  char hex[2 * kTemporaryBytes + 1];
  sodium_bin2hex(hex, sizeof hex, bytes, sizeof bytes);
  return std::string(kTemporaryPrefix) + hex;
}

std::string_view parent_of(std::string_view path) {
  if (path == "." || path.empty()) return {};
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view(".") : path.substr(0, slash);
}

std::string_view last_name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string path_in(std::string_view directory, std::string_view name) {
  if (directory == ".") return std::string(name);
  if (name == ".") return std::string(directory);
  std::string path;
  path.reserve(directory.size() + 1 + name.size());
  return path.append(directory).append("/").append(name);
}

bool is_below(std::string_view path, std::string_view directory) {
  if (directory == ".") return path != ".";
  return path.size() > directory.size() && path[directory.size()] == '/' && path.starts_with(directory);
}

bool is_plain_path(std::string_view path) {
  if (path == ".") return true;
  if (path.empty() || path.size() > 4095 || path.find('\0') != std::string_view::npos) return false;
  for (std::size_t start = 0; start <= path.size();) {
    const auto slash = std::min(path.find('/', start), path.size());
    const auto part = path.substr(start, slash - start);
    if (part.empty() || part == "." || part == ".." || part.size() > 255) return false;
    start = slash + 1;
  }
  return true;
}

}  // namespace moult::files
