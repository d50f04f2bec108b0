#include "drivers/guest/files/remove_tree.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {

Result<std::vector<Found>> list_below(Tree& tree, const std::string& path) {
  std::vector<Found> found;
  MOULT_ASSIGN(const auto top, tree.stat(path));
  if (!top || !S_ISDIR(top->st_mode)) return found;
  MOULT_TRY(walk(tree, path, PathFilter::everything(), [&](const Visit& visit) -> Result<bool> {
    if (visit.st.st_dev != top->st_dev)
      return fail(Code::refused, "a file system is mounted at " + shown(visit.path) + ", where the original has none",
                  "unmount it, or exclude that path from the set");
    found.push_back({visit.path, visit.st});
    return true;
  }));
  return found;
}

void unlock(const Place& place, const struct stat& st) {
  if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return;
  const Fd fd(::openat(place.directory, place.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (fd) make_mutable(fd.get());
}

Result<> remove_name(Tree& tree, const std::string& path, bool directory) {
  MOULT_ASSIGN(const auto place, tree.place(path));
  if (!place) return {};
  const auto remove = [&] {
    return ::unlinkat(place->directory, place->name.c_str(), directory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT;
  };
  if (remove()) return {};
  if (errno == EPERM || errno == EACCES) {
    MOULT_ASSIGN(const auto st, stat_at(*place));
    if (st) unlock(*place, *st);
    if (struct stat parent{}; ::fstat(place->directory, &parent) == 0) unlock({place->directory, "."}, parent);
    if (remove()) return {};
  }
  return system_failure("cannot remove " + shown(path), errno);
}

Result<> remove_tree(Tree& tree, const std::string& path) {
  MOULT_ASSIGN(const auto top, tree.stat(path));
  if (!top) return {};
  MOULT_ASSIGN(const auto found, list_below(tree, path));
  for (auto at = found.rbegin(); at != found.rend(); ++at)
    MOULT_TRY(remove_name(tree, at->path, S_ISDIR(at->st.st_mode)));
  MOULT_TRY(remove_name(tree, path, S_ISDIR(top->st_mode)));
  tree.forget();
  return {};
}

}  // namespace moult::files
