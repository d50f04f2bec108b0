#include "drivers/guest/files/temp_item.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/remove_tree.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

struct timespec time_of(std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  auto rest = nanoseconds % kSecond;
  if (rest < 0) rest += kSecond;
  return {static_cast<time_t>((nanoseconds - rest) / kSecond), static_cast<long>(rest)};
}

std::array<struct timespec, 2> times_of(const Meta& meta) { return {time_of(meta.atime), time_of(meta.mtime)}; }

mode_t type_of(Kind kind) {
  switch (kind) {
    case Kind::fifo:
      return S_IFIFO;
    case Kind::char_device:
      return S_IFCHR;
    case Kind::block_device:
      return S_IFBLK;
    default:
      return S_IFSOCK;
  }
}

}  // namespace

Result<Place> TempItem::start(const std::string& path) {
  MOULT_ASSIGN(auto place, tree_.place(path));
  if (!place) return fail(Code::not_found, "the directory of " + shown(path) + " is gone");
  path_ = path;
  return std::move(*place);
}

Result<> TempItem::make_file(const std::string& path, bool fresh) {
  MOULT_ASSIGN(auto place, start(path));
  if (fresh) fd_.reset(::openat(place.directory, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
  if (fd_) return {};
  place.name = temporary_name();
  fd_.reset(::openat(place.directory, place.name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd_) return system_failure("cannot make a file beside " + shown(path), errno);
  temp_ = path_in(parent_of(path), place.name);
  return {};
}

Result<> TempItem::make_link(const std::string& path, const std::string& first) {
  // linkat(2) needs both directories at once; the tree remembers one.
  MOULT_ASSIGN(auto from, tree_.open_directory(std::string(parent_of(first)), O_PATH));
  if (!from) return fail(Code::not_found, "the first name " + shown(first) + " of a hard link is gone");
  MOULT_ASSIGN(auto place, start(path));
  place.name = temporary_name();
  if (::linkat(from->get(), std::string(last_name_of(first)).c_str(), place.directory, place.name.c_str(), 0) != 0)
    return system_failure("cannot link " + shown(path) + " to " + shown(first), errno);
  temp_ = path_in(parent_of(path), place.name);
  return {};
}

Result<> TempItem::make_special(const Meta& meta) {
  MOULT_ASSIGN(auto place, start(meta.path));
  place.name = temporary_name();
  int made = -1;
  if (meta.kind == Kind::directory)
    made = ::mkdirat(place.directory, place.name.c_str(), 0700);
  else if (meta.kind == Kind::symlink)
    made = ::symlinkat(meta.link.c_str(), place.directory, place.name.c_str());
  else
    made = ::mknodat(place.directory, place.name.c_str(), type_of(meta.kind) | 0600, meta.rdev);
  if (made != 0) return system_failure("cannot make " + shown(meta.path), errno);
  temp_ = path_in(parent_of(meta.path), place.name);
  directory_ = meta.kind == Kind::directory;
  fd_.reset(::openat(place.directory, place.name.c_str(),
                     (directory_ ? O_RDONLY | O_DIRECTORY : O_PATH) | O_NOFOLLOW | O_CLOEXEC));
  if (!fd_) return system_failure("cannot open " + shown(meta.path), errno);
  if (meta.kind != Kind::symlink) {
    MOULT_ASSIGN(const auto now, look());
    return dress(meta, now);
  }
  if (::fchownat(fd_.get(), "", meta.uid, meta.gid, AT_EMPTY_PATH) != 0)
    return system_failure("cannot give " + shown(meta.path) + " its owner", errno);
  MOULT_TRY(write_xattrs(fd_path(place), false, meta.xattrs));
  const auto times = times_of(meta);
  if (::utimensat(place.directory, place.name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0)
    return system_failure("cannot set the times of " + shown(meta.path), errno);
  return {};
}

Result<struct stat> TempItem::look() const {
  struct stat now {};
  if (::fstat(fd_.get(), &now) != 0) return system_failure("cannot look at what was made for " + shown(path_), errno);
  return now;
}

Result<> TempItem::dress_file(const Meta& meta, std::uint64_t size) {
  MOULT_ASSIGN(const auto now, look());
  if (static_cast<std::uint64_t>(now.st_size) != size && ::ftruncate(fd_.get(), static_cast<off_t>(size)) != 0)
    return system_failure("cannot set the size of " + shown(meta.path), errno);
  return dress(meta, now);
}

/// The owner goes first: giving a file away takes its capabilities and its set-user-id bit. Files and directories take
/// all of it through their descriptor; what is only held by O_PATH goes by its name in /proc, which is slower.
Result<> TempItem::dress(const Meta& meta, const struct stat& now) const {
  const bool open = meta.kind == Kind::file || meta.kind == Kind::directory;
  const int fd = fd_.get();
  const auto self = fd_path(fd);
  const bool owned = now.st_uid == meta.uid && now.st_gid == meta.gid;
  if (!owned && ::fchownat(fd, "", meta.uid, meta.gid, AT_EMPTY_PATH) != 0)
    return system_failure("cannot give " + shown(meta.path) + " its owner", errno);
  Xattrs present;
  if (open) {
    MOULT_ASSIGN(present, read_xattrs(fd));
  }
  if (!open || present != meta.xattrs) MOULT_TRY(write_xattrs(self, true, meta.xattrs));
  if ((open ? ::fchmod(fd, meta.mode) : ::chmod(self.c_str(), meta.mode)) != 0)
    return system_failure("cannot set the mode of " + shown(meta.path), errno);
  const auto times = times_of(meta);
  if ((open ? ::futimens(fd, times.data()) : ::utimensat(AT_FDCWD, self.c_str(), times.data(), 0)) != 0)
    return system_failure("cannot set the times of " + shown(meta.path), errno);
  return {};
}

/// Gives what has no name one. False: it is taken.
Result<bool> TempItem::name(const Place& place) const {
  if (::linkat(fd_.get(), "", place.directory, place.name.c_str(), AT_EMPTY_PATH) == 0) return true;
  if (errno == EEXIST) return false;
  return system_failure("cannot give " + shown(path_) + " a name", errno);
}

Result<> TempItem::install(const std::optional<struct stat>& present) {
  MOULT_ASSIGN(const auto place, tree_.place(path_));
  if (!place) return fail(Code::not_found, "the directory of " + shown(path_) + " is gone");
  if (temp_.empty()) {
    MOULT_ASSIGN(const bool installed, name(*place));
    if (installed) return {};
    const Place beside{place->directory, temporary_name()};
    MOULT_TRY(name(beside));
    temp_ = path_in(parent_of(path_), beside.name);
  }
  const std::string temp(last_name_of(temp_));
  // Both change places at one moment: so a directory can take a file's place, and ext4 does not write the new content
  // out at once, as it does for a plain rename(2) over a file (auto_da_alloc); what must be on the disk is synced as a
  // whole.
  bool exchange = present.has_value();
  const bool directories = directory_ || (present && S_ISDIR(present->st_mode));
  const auto rename = [&] {
    const auto to = [&](unsigned flags) {
      return ::syscall(SYS_renameat2, place->directory, temp.c_str(), place->directory, place->name.c_str(), flags) ==
             0;
    };
    if (exchange && to(RENAME_EXCHANGE)) return true;
    if (exchange && (errno != EINVAL || directories)) return false;
    exchange = false;  // a file system that cannot
    return to(0);
  };
  if (!rename()) {
    if (present && (errno == EPERM || errno == EACCES)) unlock(*place, *present);
    if (!rename()) return system_failure("cannot put " + shown(path_) + " in its place", errno);
  }
  const std::string left_over = std::exchange(temp_, {});
  if (!exchange) return {};
  if (!directories) return remove_name(tree_, left_over, false);
  tree_.forget();  // the remembered parent may be what was replaced
  return remove_tree(tree_, left_over);
}

void TempItem::discard() {
  if (!temp_.empty()) (void)remove_tree(tree_, temp_);  // what stays behind is removed when the set is opened next
  temp_.clear();
  fd_.reset();
}

}  // namespace moult::files
