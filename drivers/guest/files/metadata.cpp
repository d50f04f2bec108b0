#include "drivers/guest/files/metadata.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "drivers/guest/files/record_frames.hpp"
#include "drivers/guest/files/system_error.hpp"
#include "drivers/guest/files/wire.hpp"

namespace moult::files {
namespace {

constexpr std::uint32_t kCarriedFlags =
    FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL;

bool carried(std::string_view name) { return !name.starts_with("system.") || name.starts_with("system.posix_acl_"); }

bool unsupported(int error) { return error == ENOTSUP || error == EOPNOTSUPP || error == ENOSYS; }

/// Calls `get(buffer, size)` with a buffer that grows until the answer fits. -errno on failure.
template <typename Get>
ssize_t read_growing(std::string& buffer, const Get& get) {
  buffer.resize(256);
  while (true) {
    const ssize_t size = get(buffer.data(), buffer.size());
    if (size >= 0) buffer.resize(static_cast<std::size_t>(size));
    if (size >= 0 || errno != ERANGE) return size >= 0 ? size : -errno;
    const ssize_t wanted = get(nullptr, 0);
    if (wanted < 0) return -errno;
    buffer.resize(static_cast<std::size_t>(wanted) + 256);
  }
}

std::vector<std::string> names_in(const std::string& list) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < list.size(); at += names.back().size() + 1) names.emplace_back(list.c_str() + at);
  return names;
}

/// The attributes through whichever pair of calls fits. nullopt: the file is gone.
template <typename List, typename Get>
Result<std::optional<Xattrs>> collect(const List& list, const Get& get) {
  std::string names;
  const auto listed = read_growing(names, list);
  if (listed < 0 && unsupported(static_cast<int>(-listed))) return std::optional<Xattrs>(Xattrs{});
  if (listed == -ENOENT || listed == -ENOTDIR) return std::optional<Xattrs>();
  if (listed < 0) return system_failure("cannot list extended attributes", static_cast<int>(-listed));
  Xattrs xattrs;
  std::size_t total = 0;
  for (const auto& name : names_in(names)) {
    if (!carried(name)) continue;
    std::string value;
    const auto size =
        read_growing(value, [&](char* buffer, std::size_t room) { return get(name.c_str(), buffer, room); });
    if (size == -ENODATA) continue;  // removed meanwhile: an event or the stamp tells
    if (size == -ENOENT) return std::optional<Xattrs>();
    if (size < 0) return system_failure("cannot read the extended attribute " + shown(name), static_cast<int>(-size));
    total += name.size() + value.size();
    xattrs.emplace_back(name, std::move(value));
  }
  if (total > frames::kXattrTotalLimit)
    return fail(Code::refused, "a file has more than 1 MiB of extended attributes", "exclude it from the set");
  std::sort(xattrs.begin(), xattrs.end());
  return std::optional(std::move(xattrs));
}

}  // namespace

Kind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return Kind::directory;
    case S_IFLNK:
      return Kind::symlink;
    case S_IFIFO:
      return Kind::fifo;
    case S_IFCHR:
      return Kind::char_device;
    case S_IFBLK:
      return Kind::block_device;
    case S_IFSOCK:
      return Kind::socket;
    default:
      return Kind::file;
  }
}

Meta meta_of(const std::string& path, const struct stat& st) {
  Meta meta;
  meta.kind = kind_of(st.st_mode);
  meta.path = path;
  meta.mode = st.st_mode & 07777;
  meta.uid = st.st_uid;
  meta.gid = st.st_gid;
  meta.mtime = st.st_mtim.tv_sec * 1'000'000'000LL + st.st_mtim.tv_nsec;
  meta.atime = st.st_atim.tv_sec * 1'000'000'000LL + st.st_atim.tv_nsec;
  if (meta.kind == Kind::char_device || meta.kind == Kind::block_device) meta.rdev = st.st_rdev;
  meta.many_names = meta.kind != Kind::directory && st.st_nlink > 1;
  if (meta.kind == Kind::file) meta.size = static_cast<std::uint64_t>(st.st_size);
  return meta;
}

Result<std::optional<Xattrs>> read_xattrs(const Place& place) {
  const auto file = fd_path(place);
  return collect(
      [&](char* buffer, std::size_t room) { return ::llistxattr(file.c_str(), buffer, room); },
      [&](const char* name, char* buffer, std::size_t room) { return ::lgetxattr(file.c_str(), name, buffer, room); });
}

Result<Xattrs> read_xattrs(int fd) {
  MOULT_ASSIGN(auto found, collect([&](char* buffer, std::size_t room) { return ::flistxattr(fd, buffer, room); },
                                   [&](const char* name, char* buffer, std::size_t room) {
                                     return ::fgetxattr(fd, name, buffer, room);
                                   }));
  return found ? std::move(*found) : Xattrs{};
}

Result<> write_xattrs(const std::string& file, bool follow, const Xattrs& wanted) {
  const auto list = [&](char* buffer, std::size_t room) {
    return follow ? ::listxattr(file.c_str(), buffer, room) : ::llistxattr(file.c_str(), buffer, room);
  };
  const auto get = [&](const char* name, char* buffer, std::size_t room) {
    return follow ? ::getxattr(file.c_str(), name, buffer, room) : ::lgetxattr(file.c_str(), name, buffer, room);
  };
  MOULT_ASSIGN(const auto found, collect(list, get));
  const auto present = found.value_or(Xattrs{});
  if (present == wanted) return {};
  for (const auto& attribute : present) {
    const auto& name = attribute.first;
    const bool kept = std::any_of(wanted.begin(), wanted.end(), [&](const auto& other) { return other.first == name; });
    if (!kept) (void)(follow ? ::removexattr(file.c_str(), name.c_str()) : ::lremovexattr(file.c_str(), name.c_str()));
  }
  for (const auto& [name, value] : wanted) {
    const int done = follow ? ::setxattr(file.c_str(), name.c_str(), value.data(), value.size(), 0)
                            : ::lsetxattr(file.c_str(), name.c_str(), value.data(), value.size(), 0);
    if (done != 0) return system_failure("cannot set the extended attribute " + shown(name), errno);
  }
  return {};
}

std::uint32_t read_inode_flags(int fd) {
  unsigned int flags = 0;
  return ::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 ? flags & kCarriedFlags : 0;
}

bool forbids_changes(std::uint32_t flags) { return (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0; }

Result<> write_inode_flags(int fd, std::uint32_t flags) {
  unsigned int present = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &present) != 0) {
    if (flags == 0) return {};
    return system_failure("cannot read inode flags", errno);
  }
  const unsigned int wanted = (present & ~kCarriedFlags) | (flags & kCarriedFlags);
  if (wanted != present && ::ioctl(fd, FS_IOC_SETFLAGS, &wanted) != 0)
    return system_failure("cannot set inode flags", errno);
  return {};
}

void make_mutable(int fd) {
  unsigned int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0 || (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) == 0) return;
  flags &= ~static_cast<unsigned int>(FS_IMMUTABLE_FL | FS_APPEND_FL);
  (void)::ioctl(fd, FS_IOC_SETFLAGS, &flags);  // where it fails, the change that follows says why
}

Result<std::string> read_link(const Place& place) {
  char buffer[4097];
  const auto size = ::readlinkat(place.directory, place.name.c_str(), buffer, sizeof buffer);
  if (size < 0) return system_failure("cannot read the symbolic link " + shown(place.name), errno);
  return std::string(buffer, static_cast<std::size_t>(size));
}

std::uint64_t directory_attributes(const Meta& meta) {
  Meta timeless = meta;
  timeless.mtime = 0;
  const Hash hash = record_hash(timeless, {});
  return WireReader({reinterpret_cast<const char*>(hash.data()), hash.size()}).number<std::uint64_t>();
}

}  // namespace moult::files
