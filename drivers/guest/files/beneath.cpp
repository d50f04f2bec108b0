#include "drivers/guest/files/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

/// One directory after the other, none through a symbolic link: as safe, since no path here has a "..".
int open_by_steps(int root, std::string_view path, int flags) {
  Fd above;
  for (int at = root;;) {
    const auto slash = path.find('/');
    const std::string name(path.substr(0, slash));
    if (name == "..") return errno = EXDEV, -1;
    const bool last = slash == std::string_view::npos;
    Fd fd(::openat(at, name.c_str(), (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC));
    if (last || !fd) return fd.release();
    path.remove_prefix(slash + 1);
    above = std::move(fd);
    at = above.get();
  }
}

int open_beneath(int root, const std::string& path, int flags) {
  static std::atomic<bool> by_steps{false};
  if (by_steps) return open_by_steps(root, path, flags);
  struct open_how how {};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  while (true) {
    const auto fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    // EAGAIN: a rename raced with the resolution, and the kernel could not vouch for it.
    if (fd < 0 && errno == ENOSYS) return by_steps = true, open_by_steps(root, path, flags);  // before Linux 5.6
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR)) return static_cast<int>(fd);
  }
}

}  // namespace

std::string fd_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }
std::string fd_path(const Place& place) { return fd_path(place.directory) + "/" + place.name; }

Result<Tree> Tree::open(const std::string& root) {
  Tree tree;
  tree.path_ = root;
  tree.root_.reset(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!tree.root_ && errno == ENOTDIR)
    return fail(Code::refused, shown(root) + " is not a directory", "name a directory as the set's root");
  if (!tree.root_) return system_failure("cannot open the set's directory " + shown(root), errno);
  return tree;
}

Result<std::optional<Fd>> Tree::open_directory(const std::string& path, int flags) const {
  Fd fd(open_beneath(root_.get(), path, flags | O_DIRECTORY | O_NOFOLLOW));
  if (fd) return std::optional<Fd>(std::move(fd));
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return std::optional<Fd>();
  return system_failure("cannot open the directory " + shown(path), errno);
}

Result<std::optional<Place>> Tree::place(const std::string& path) {
  if (path == ".") return std::optional<Place>({root_.get(), "."});
  const std::string parent(parent_of(path));
  if (parent == ".") return std::optional<Place>({root_.get(), path});
  if (!parent_fd_ || parent_ != parent) {
    forget();
    MOULT_ASSIGN(auto fd, open_directory(parent, O_PATH));
    if (!fd) return std::optional<Place>();
    parent_ = parent;
    parent_fd_ = std::move(*fd);
  }
  return std::optional<Place>({parent_fd_.get(), std::string(last_name_of(path))});
}

void Tree::forget() {
  parent_fd_.reset();
  parent_.clear();
}

Result<std::optional<struct stat>> stat_at(const Place& place) {
  struct stat st {};
  if (::fstatat(place.directory, place.name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0) return std::optional(st);
  if (errno == ENOENT || errno == ENOTDIR) return std::optional<struct stat>();
  return system_failure("cannot look at " + shown(place.name), errno);
}

Fd open_at(const Place& place, int flags) {
  flags |= O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Fd fd(::openat(place.directory, place.name.c_str(), flags | O_NOATIME));
  if (!fd && errno == EPERM) fd.reset(::openat(place.directory, place.name.c_str(), flags));
  return fd;
}

Fd open_file_at(const Place& place) {
  const auto st = stat_at(place);
  return st && *st && S_ISREG((*st)->st_mode) ? open_at(place) : Fd();
}

Result<std::optional<struct stat>> Tree::stat(const std::string& path) {
  MOULT_ASSIGN(const auto at, place(path));
  if (!at) return std::optional<struct stat>();
  return stat_at(*at);
}

/// What is mounted below a directory shows in the mount alone that it was mounted in.
bool Tree::still_there() const {
  constexpr unsigned kWanted = STATX_INO | STATX_MNT_ID;
  struct statx now {
  }, opened{};
  return ::statx(AT_FDCWD, path_.c_str(), 0, kWanted, &now) == 0 &&
         ::statx(root_.get(), "", AT_EMPTY_PATH, kWanted, &opened) == 0 && now.stx_dev_major == opened.stx_dev_major &&
         now.stx_dev_minor == opened.stx_dev_minor && now.stx_ino == opened.stx_ino &&
         now.stx_mnt_id == opened.stx_mnt_id;  // both are 0 before Linux 5.8
}

}  // namespace moult::files
