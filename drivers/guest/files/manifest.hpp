#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "drivers/guest/files/stamp.hpp"
#include "drivers/guest_access.hpp"

namespace moult::files {

/// What is known of the paths of one set on one side, by path and by inode. Not thread-safe.
class Manifest {
 public:
  using Map = std::map<std::string, Entry, std::less<>>;

  [[nodiscard]] const Entry* find(std::string_view path) const;
  Entry& put(const std::string& path, const Entry& entry);
  /// For changing what is no key: everything but `ino`.
  [[nodiscard]] Entry* edit(std::string_view path);
  void erase(const std::string& path);
  void clear();
  /// Names that shared the inode when they were last met; the caller must look whether they still do.
  [[nodiscard]] std::vector<std::string> names_of(std::uint64_t ino) const;
  /// Paths that had the inode, which is not 0, when they were last met, whether they share it or not.
  [[nodiscard]] std::vector<std::string> with_inode(std::uint64_t ino) const;
  /// Paths strictly below a directory.
  [[nodiscard]] std::vector<std::string> below(const std::string& directory) const;
  [[nodiscard]] bool any_below(const std::string& directory) const;
  void drop_flag(Entry::Flag flag);
  void mark_seen(const std::string& path, std::uint32_t scan);
  [[nodiscard]] Map::const_iterator begin() const { return entries_.begin(); }
  [[nodiscard]] Map::const_iterator end() const { return entries_.end(); }
  /// The first entry behind a path; of an empty path the first of all.
  [[nodiscard]] Map::const_iterator after(const std::string& path) const {
    return path.empty() ? entries_.begin() : entries_.upper_bound(path);
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  void unlink_name(std::uint64_t ino, const std::string& path);
  Map entries_;
  std::unordered_multimap<std::uint64_t, const Map::value_type*> by_inode_;
};

/// Conflicts that stand on a target: paths, with nothing more.
using PathSet = std::map<std::string, std::uint8_t, std::less<>>;

/// Writes a target's manifest and its standing conflicts, framed and closed by a hash of it all.
Result<> save_manifest(const Manifest& manifest, const PathSet& conflicts, const ByteSink& sink);
/// Reads what save_manifest wrote. Errors: invalid for anything else, also when it ends early.
Result<> load_manifest(const ByteSource& source, Manifest& manifest, PathSet& conflicts);

}  // namespace moult::files
