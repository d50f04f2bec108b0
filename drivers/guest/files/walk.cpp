#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include "drivers/guest/files/beneath.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

constexpr std::array<unsigned long, 8> kKernelsOwn{PROC_SUPER_MAGIC,   SYSFS_MAGIC,         DEVPTS_SUPER_MAGIC,
                                                   CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC,
                                                   TRACEFS_MAGIC,      AUTOFS_SUPER_MAGIC};

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

struct Pending {
  std::string path;
  dev_t parent_device;
};

/// A file system mounted inside a set belongs to it, unless it holds no files of anyone.
Result<> check_mounted(const std::string& path, int fd) {
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0) return system_failure("cannot look at the file system of " + shown(path), errno);
  if (std::find(kKernelsOwn.begin(), kKernelsOwn.end(), static_cast<unsigned long>(fs.f_type)) == kKernelsOwn.end())
    return {};
  return fail(Code::refused, "a file system of the kernel's own is mounted at " + shown(path) + " inside the set",
              "exclude that path from the set");
}

bool is_dots(const char* name) { return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)); }

class Walker {
 public:
  Walker(const Tree& tree, const PathFilter& filter, const std::function<Result<bool>(const Visit&)>& visit)
      : tree_(tree), filter_(filter), visit_(visit) {}

  Result<> run(const std::string& start) {
    struct stat root {};
    ::fstat(tree_.root(), &root);
    todo_.push_back({start, root.st_dev});
    while (!todo_.empty()) {
      const Pending next = std::move(todo_.back());
      todo_.pop_back();
      MOULT_TRY(directory(next));
    }
    return {};
  }

 private:
  Result<> directory(const Pending& pending) {
    MOULT_ASSIGN(auto fd, tree_.open_directory(pending.path, O_RDONLY | O_NOATIME));
    if (!fd) return {};
    struct stat st {};
    ::fstat(fd->get(), &st);
    if (st.st_dev != pending.parent_device) MOULT_TRY(check_mounted(pending.path, fd->get()));
    const Directory stream(::fdopendir(fd->get()));
    if (!stream) return system_failure("cannot read the directory " + shown(pending.path), errno);
    const int raw = fd->release();
    while (true) {
      errno = 0;
      const auto* found = ::readdir(stream.get());
      if (found == nullptr && errno == ENOENT) return {};
      if (found == nullptr && errno != 0)
        return system_failure("cannot read the directory " + shown(pending.path), errno);
      if (found == nullptr) return {};
      if (!is_dots(found->d_name)) MOULT_TRY(child({raw, found->d_name}, pending.path, st.st_dev));
    }
  }

  Result<> child(const Place& place, const std::string& directory, dev_t device) {
    auto path = path_in(directory, place.name);
    if (!filter_.open_below(path)) return {};
    if (path.size() > 4095)
      return fail(Code::refused, "a path is longer than 4095 bytes: " + shown(path),
                  "shorten it, or exclude it from the set");
    MOULT_ASSIGN(const auto st, stat_at(place));
    if (!st || (!S_ISDIR(st->st_mode) && !filter_.included(path))) return {};
    MOULT_ASSIGN(const bool descend, visit_(Visit{path, *st}));
    if (descend && S_ISDIR(st->st_mode)) todo_.push_back({std::move(path), device});
    return {};
  }

  const Tree& tree_;
  const PathFilter& filter_;
  const std::function<Result<bool>(const Visit&)>& visit_;
  std::vector<Pending> todo_;
};

}  // namespace

Result<> walk(const Tree& tree, const std::string& start, const PathFilter& filter,
              const std::function<Result<bool>(const Visit&)>& visit) {
  return Walker(tree, filter, visit).run(start);
}

}  // namespace moult::files
