#include "drivers/guest/files/manifest.hpp"

#include "drivers/guest/files/path_filter.hpp"

namespace moult::files {

const Entry* Manifest::find(std::string_view path) const {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry* Manifest::edit(std::string_view path) {
  const auto found = entries_.find(path);
  return found == entries_.end() ? nullptr : &found->second;
}

Entry& Manifest::put(const std::string& path, const Entry& entry) {
  auto [at, fresh] = entries_.try_emplace(path, entry);
  const bool moved = !fresh && at->second.ino != entry.ino;
  if (moved) unlink_name(at->second.ino, path);
  if (!fresh) at->second = entry;
  if ((fresh || moved) && entry.ino != 0) by_inode_.emplace(entry.ino, &*at);
  return at->second;
}

void Manifest::erase(const std::string& path) {
  const auto at = entries_.find(path);
  if (at == entries_.end()) return;
  unlink_name(at->second.ino, path);
  entries_.erase(at);
}

void Manifest::clear() {
  by_inode_.clear();
  entries_.clear();
}

void Manifest::unlink_name(std::uint64_t ino, const std::string& path) {
  const auto [first, last] = by_inode_.equal_range(ino);
  for (auto at = first; at != last; ++at)
    if (at->second->first == path) {
      by_inode_.erase(at);
      return;
    }
}

std::vector<std::string> Manifest::names_of(std::uint64_t ino) const {
  std::vector<std::string> names;
  const auto [first, last] = by_inode_.equal_range(ino);
  for (auto at = first; at != last; ++at)
    if (at->second->second.is(Entry::linked)) names.push_back(at->second->first);
  return names;
}

std::vector<std::string> Manifest::with_inode(std::uint64_t ino) const {
  std::vector<std::string> paths;
  const auto [first, last] = by_inode_.equal_range(ino);
  for (auto at = first; at != last; ++at) paths.push_back(at->second->first);
  return paths;
}

std::vector<std::string> Manifest::below(const std::string& directory) const {
  std::vector<std::string> paths;
  const std::string prefix = directory == "." ? "" : directory + "/";
  for (auto at = entries_.lower_bound(prefix); at != entries_.end() && at->first.starts_with(prefix); ++at)
    if (at->first != ".") paths.push_back(at->first);
  return paths;
}

bool Manifest::any_below(const std::string& directory) const {
  const auto prefix = directory + "/";
  const auto at = entries_.lower_bound(prefix);
  return at != entries_.end() && at->first.starts_with(prefix);
}

void Manifest::mark_seen(const std::string& path, std::uint32_t scan) {
  const auto found = entries_.find(path);
  if (found != entries_.end()) found->second.seen = scan;
}

void Manifest::drop_flag(Entry::Flag flag) {
  for (auto& [path, entry] : entries_) entry.set(flag, false);
}

}  // namespace moult::files
