#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "descriptors/base/result.hpp"

namespace moult {

enum class EntryType { file, directory, symlink, hardlink, other };

/// What an archive says of one entry.
struct ArchiveEntry {
  std::string path;
  EntryType type = EntryType::file;
  std::string link;  ///< of a symlink or hardlink: where to
};

/// Judges an archive's entries in their order: after them all, nothing in the unpacked tree is outside it or leads out
/// of it. Stricter than a tar program needs to be: what a vendor has no reason to ship is refused.
class EntryRules {
 public:
  /// The entry's path below the root, without "./" and "/" at its end; empty for the root itself. Error: invalid, with
  /// the path and the reason.
  Result<std::string> admit(const ArchiveEntry& entry);
  /// The admitted form of a hardlink's target.
  [[nodiscard]] static std::string plain(const std::string& path);

 private:
  [[nodiscard]] Result<> check_parents(const std::string& path) const;
  [[nodiscard]] Result<> check_link(const std::string& path, const ArchiveEntry& entry) const;
  std::map<std::string, EntryType> seen_;
};

}  // namespace moult
