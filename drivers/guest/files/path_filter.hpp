#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace moult::files {

/// Does a glob match a path below a root? `*` and `?` stop at '/', `**` does not, `[a-z]` and `[!a]` are classes, '\'
/// takes the next byte as it is. A pattern without '/' is matched against the last name alone, so "*.tmp" works at any
/// depth. Time is linear in pattern times path.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view path);

/// A name that only moult makes, beside a file that it is about to replace.
[[nodiscard]] bool is_temporary_name(std::string_view name);
[[nodiscard]] std::string temporary_name();

/// Which paths belong to a set. Excludes win over includes and take whole subtrees; includes choose among what is
/// not a directory. Value type.
class PathFilter {
 public:
  PathFilter() = default;
  PathFilter(std::vector<std::string> include, std::vector<std::string> exclude);
  /// A filter that leaves nothing out, not even temporary files.
  [[nodiscard]] static PathFilter everything();
  /// Neither the path nor a directory above it is excluded, nor one of moult's own temporary files.
  [[nodiscard]] bool open_to(std::string_view path) const;
  /// As `open_to`, for a path whose parent is known to be open to.
  [[nodiscard]] bool open_below(std::string_view path) const;
  /// Is the path, or a directory above it, named by an include (or are there no includes)?
  [[nodiscard]] bool included(std::string_view path) const;
  [[nodiscard]] bool takes(std::string_view path, bool directory) const {
    return open_to(path) && (directory || included(path));
  }

 private:
  std::vector<std::string> include_, exclude_;
  bool temporaries_ = false;
};

/// "a/b" -> "a", "a" -> ".", "." -> "".
[[nodiscard]] std::string_view parent_of(std::string_view path);
/// "a/b" -> "b".
[[nodiscard]] std::string_view last_name_of(std::string_view path);
/// Path of a name in a directory, where "." is the root.
[[nodiscard]] std::string path_in(std::string_view directory, std::string_view name);
/// Is `path` strictly below `directory`?
[[nodiscard]] bool is_below(std::string_view path, std::string_view directory);
/// Relative, without empty, "." or ".." parts, without NUL, at most 4095 bytes; or exactly ".".
[[nodiscard]] bool is_plain_path(std::string_view path);

}  // namespace moult::files
