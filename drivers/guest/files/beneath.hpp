#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/files/path_filter.hpp"

namespace moult::files {

/// A directory and a name in it; valid until the next call on the Tree that gave it.
struct Place {
  int directory = -1;
  std::string name;
};

/// The directory that a set lies in. Every path is resolved beneath it by openat2(2), before
/// Linux 5.6 one directory after the other: no symbolic link, no magic link and no ".." is followed, whatever is
/// planted in the tree. Not thread-safe (it remembers the last parent directory).
class Tree {
 public:
  /// Errors: not_found, refused when it is no directory.
  static Result<Tree> open(const std::string& root);

  [[nodiscard]] int root() const { return root_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Opens a directory beneath the root. nullopt: it is not there, or no
  /// directory; a symbolic link, also one on the way to it, is no directory.
  Result<std::optional<Fd>> open_directory(const std::string& path, int flags) const;
  /// The parent of a path and its last name. nullopt: the parent is not there.
  Result<std::optional<Place>> place(const std::string& path);
  /// lstat(2) beneath the root. nullopt: nothing is there.
  Result<std::optional<struct stat>> stat(const std::string& path);
  /// Forgets the remembered parent: to be called after a directory was removed, renamed or replaced.
  void forget();
  /// Does the path that was opened still lead to the same directory, through the same mount?
  [[nodiscard]] bool still_there() const;

 private:
  std::string path_;
  Fd root_;
  std::string parent_;
  Fd parent_fd_;
};

/// lstat(2) of a name. nullopt: nothing is there.
Result<std::optional<struct stat>> stat_at(const Place& place);

/// Opens a name for reading: without following a link, without waiting on whatever is there, and without moving its
/// access time where that is allowed. No descriptor: errno says why.
[[nodiscard]] Fd open_at(const Place& place, int flags = 0);
/// The same of a regular file; of nothing else, for to open a pipe or a device does something to it.
[[nodiscard]] Fd open_file_at(const Place& place);

/// "/proc/self/fd/N", and "/proc/self/fd/N/name": for the calls that know no descriptor.
[[nodiscard]] std::string fd_path(int fd);
[[nodiscard]] std::string fd_path(const Place& place);

/// Meets everything below `start` (not `start` itself), parents before what they hold. `visit` says whether to go into
/// a directory. What vanishes meanwhile is left out. Errors: refused when a file system of the kernel's own (proc,
/// sysfs, ...) is mounted there.
struct Visit {
  const std::string& path;
  const struct stat& st;
};
Result<> walk(const Tree& tree, const std::string& start, const PathFilter& filter,
              const std::function<Result<bool>(const Visit&)>& visit);

}  // namespace moult::files
