#include "drivers/guest/files/handle_paths.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "drivers/guest/files/beneath.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

constexpr std::size_t kRemembered = 8192;

struct HandleBuffer {
  alignas(file_handle) char bytes[sizeof(file_handle) + MAX_HANDLE_SZ];
};

/// The path of a directory through a mount. "": it is gone, which nothing else may be taken for.
Result<std::string> path_through(int mount, std::string_view handle) {
  const auto failure = [](int error) { return system_failure("cannot find the directory of an event", error); };
  HandleBuffer buffer;
  if (handle.size() > sizeof buffer.bytes) return failure(EOVERFLOW);
  std::memcpy(buffer.bytes, handle.data(), handle.size());
  const Fd fd(::open_by_handle_at(mount, reinterpret_cast<file_handle*>(buffer.bytes), O_PATH | O_CLOEXEC));
  if (!fd && (errno == ESTALE || errno == ENOENT)) return std::string();
  struct stat st {};
  if (!fd || ::fstat(fd.get(), &st) != 0) return failure(errno);
  // A removed directory has no links left; its path would only carry the kernel's remark that it was deleted.
  if (st.st_nlink == 0) return std::string();
  char path[4097];
  const auto size = ::readlink(fd_path(fd.get()).c_str(), path, sizeof path);
  if (size <= 0) return failure(size < 0 ? errno : EIO);
  return std::string(path, static_cast<std::size_t>(size));
}

}  // namespace

Result<HeldMount> hold_mount(Fd directory) {
  struct statfs fs {};
  struct statx mount {};
  if (::fstatfs(directory.get(), &fs) != 0 || ::statx(directory.get(), "", AT_EMPTY_PATH, STATX_MNT_ID, &mount) != 0)
    return system_failure("cannot look at a directory's file system", errno);
  return HeldMount{
      {reinterpret_cast<const char*>(&fs.f_fsid), sizeof fs.f_fsid}, mount.stx_mnt_id, std::move(directory)};
}

void HandlePaths::add(HeldMount mount) {
  auto& mounts = mounts_[mount.fsid];
  if (std::any_of(mounts.begin(), mounts.end(), [&](const auto& held) { return held.id == mount.id; })) return;
  mounts.push_back(std::move(mount));
  paths_.clear();  // what was found has no path through this one
}

Result<const HandlePaths::Paths*> HandlePaths::resolve(std::string_view fsid, std::string_view handle) {
  std::string key(fsid);
  const auto mounts = mounts_.find(key);
  if (mounts == mounts_.end()) return fail(Code::io, "an event came from a file system that is not known");
  key.append(handle);
  const auto known = paths_.find(key);
  if (known != paths_.end()) return &known->second;
  MOULT_ASSIGN(auto paths, look_up(mounts->second, handle));
  if (paths_.size() >= kRemembered) paths_.clear();
  return &paths_.emplace(std::move(key), std::move(paths)).first->second;
}

Result<HandlePaths::Paths> HandlePaths::look_up(const std::vector<HeldMount>& mounts, std::string_view handle) {
  Paths paths;
  for (const auto& mount : mounts) {
    MOULT_ASSIGN(auto path, path_through(mount.directory.get(), handle));
    if (path.empty()) return Paths();
    if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(std::move(path));
  }
  return paths;
}

}  // namespace moult::files
