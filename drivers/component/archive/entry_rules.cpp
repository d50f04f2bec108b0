#include "drivers/component/archive/entry_rules.hpp"

#include <algorithm>
#include <vector>

#include "descriptors/base/text.hpp"

namespace moult {
namespace {

constexpr std::size_t kPathLimit = 4096, kNameLimit = 255;

Unexpected refuse(const std::string& path, const std::string& why) {
  return fail(Code::invalid, "archive entry " + in_quotes(path) + " " + why);
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, end - at);
    if (!part.empty() && part != ".") parts.push_back(part);
    at = end + 1;
  }
  return parts;
}

Result<> check_path(const std::string& path) {
  if (path.empty()) return refuse(path, "has no name");
  if (path.front() == '/') return refuse(path, "is absolute");
  if (path.size() > kPathLimit) return refuse(path, "has too long a path");
  for (const auto& part : parts_of(path)) {
    if (part == "..") return refuse(path, "leads out of the archive");
    if (part.size() > kNameLimit) return refuse(path, "has too long a name in it");
  }
  return {};
}

}  // namespace

std::string EntryRules::plain(const std::string& path) { return joined(parts_of(path), "/"); }

Result<> EntryRules::check_parents(const std::string& path) const {
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const auto parent = seen_.find(path.substr(0, slash));
    if (parent != seen_.end() && parent->second != EntryType::directory)
      return refuse(path, "lies below " + in_quotes(parent->first) + ", which is no directory");
  }
  return {};
}

/// "../" may stand at a symlink's front only. Its own directory is a real one, so those steps are exact; and each
/// further step goes down, through links that were admitted by the same rule.
Result<> EntryRules::check_link(const std::string& path, const ArchiveEntry& entry) const {
  if (entry.type == EntryType::hardlink) {
    MOULT_TRY(check_path(entry.link));
    const auto target = seen_.find(plain(entry.link));
    if (target != seen_.end() && target->second == EntryType::file) return {};
    return refuse(path, "is a hard link to " + in_quotes(entry.link) + ", which is no file of the archive before it");
  }
  if (entry.type != EntryType::symlink) return {};
  if (entry.link.empty() || entry.link.front() == '/' || entry.link.size() > kPathLimit)
    return refuse(path, "is a link to " + in_quotes(entry.link) + ", which is not inside the archive");
  auto room = std::count(path.begin(), path.end(), '/');
  bool down = false;
  for (const auto& part : parts_of(entry.link)) {
    if (part != "..") down = true;
    if (part == ".." && (down || --room < 0))
      return refuse(path, "is a link to " + in_quotes(entry.link) + ", which leads out of the archive");
  }
  return {};
}

Result<std::string> EntryRules::admit(const ArchiveEntry& entry) {
  MOULT_TRY(check_path(entry.path));
  if (entry.type == EntryType::other) return refuse(entry.path, "is a device, a pipe or a socket");
  const auto path = plain(entry.path);
  if (path.empty() && entry.type != EntryType::directory)
    return refuse(entry.path, "would replace the directory itself");
  MOULT_TRY(check_parents(path));
  MOULT_TRY(check_link(path, entry));
  const bool is_directory = entry.type == EntryType::directory;
  const auto [known, fresh] = seen_.emplace(path, entry.type == EntryType::hardlink ? EntryType::file : entry.type);
  if (!fresh && !(is_directory && known->second == EntryType::directory))
    return refuse(entry.path, "is in the archive twice");
  // Its parents are directories from now on, also where the archive does not list them.
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    seen_.emplace(path.substr(0, slash), EntryType::directory);
  return path;
}

}  // namespace moult
