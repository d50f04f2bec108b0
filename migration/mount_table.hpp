#pragma once

#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// A mount of a guest.
struct Mount {
  std::string device;  ///< "254:1": the file system, in whatever places it is mounted
  std::string root;    ///< which directory of it
  std::string source, point, type;
};

/// A place of a file system: equal ones are the same directory, whatever paths lead there.
struct Place {
  std::string device, path;
  std::string source;  ///< for a person
};

/// One lies in the other, or is it.
[[nodiscard]] bool overlap(const Place& one, const Place& other);
/// Is a path below a directory? Both absolute.
[[nodiscard]] bool is_below(const std::string& path, const std::string& directory);
/// The part of a path behind a directory that it lies below.
[[nodiscard]] std::string path_in(const std::string& path, const std::string& directory);

/// Where paths really lie, in their order: links are followed, and what is not there is taken as it is written. One
/// command; none for no paths.
[[nodiscard]] Result<std::vector<std::string>> real_paths(GuestAccess& guest, const std::vector<std::string>& paths);

/// A guest's mounts, in their order.
class MountTable {
 public:
  /// One command.
  [[nodiscard]] static Result<MountTable> of(GuestAccess& guest);
  /// What holds a directory: of the mounts that cover it the longest, and of equal ones the last. Null: none.
  [[nodiscard]] const Mount* holder_of(const std::string& directory) const;
  /// Strictly below a directory, and not covered by another one.
  [[nodiscard]] std::vector<const Mount*> seen_below(const std::string& directory) const;
  /// At a directory or below it, and of file system `device`, also where another mount covers it. Null: none.
  [[nodiscard]] const Mount* of_device_in(const std::string& device, const std::string& directory) const;

 private:
  std::vector<Mount> mounts_;
};

/// Where a directory lies that this mount holds.
[[nodiscard]] Place place_of(const Mount& holder, const std::string& directory);

}  // namespace moult
