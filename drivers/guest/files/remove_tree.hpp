#pragma once

#include <string>
#include <vector>

#include "drivers/guest/files/beneath.hpp"

namespace moult::files {

/// A path below a directory, and whether it is a directory itself.
struct Found {
  std::string path;
  struct stat st {};
};

/// Everything below a path, whatever any filter says, parents first; nothing when it is no directory.
/// Errors: refused where another file system is mounted below it.
Result<std::vector<Found>> list_below(Tree& tree, const std::string& path);

/// Removes one name; flags that forbid it are taken away first. A name that is not there is no error.
Result<> remove_name(Tree& tree, const std::string& path, bool directory);

/// Removes a path with everything below it, never anything on another file system.
Result<> remove_tree(Tree& tree, const std::string& path);

/// Lets root replace or remove a file or directory that is immutable or append-only.
void unlock(const Place& place, const struct stat& st);

}  // namespace moult::files
