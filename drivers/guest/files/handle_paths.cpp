#include "drivers/guest/files/handle_paths.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

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

}  // namespace

Result<> HandlePaths::add_file_system(const std::string& directory) {
  Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct statfs fs {};
  if (!fd || ::fstatfs(fd.get(), &fs) != 0) return system_failure("cannot open " + shown(directory), errno);
  mounts_.try_emplace(std::string(reinterpret_cast<const char*>(&fs.f_fsid), sizeof fs.f_fsid), std::move(fd));
  return {};
}

const std::string* HandlePaths::resolve(std::string_view fsid, std::string_view handle) {
  std::string key(fsid);
  const auto mount = mounts_.find(key);
  if (mount == mounts_.end()) return nullptr;
  key.append(handle);
  const auto known = paths_.find(key);
  if (known != paths_.end()) return &known->second;
  if (paths_.size() >= kRemembered) paths_.clear();
  return &paths_.emplace(std::move(key), look_up(mount->second.get(), handle)).first->second;
}

std::string HandlePaths::look_up(int mount, std::string_view handle) const {
  HandleBuffer buffer;
  if (handle.size() > sizeof buffer.bytes) return {};
  std::memcpy(buffer.bytes, handle.data(), handle.size());
  const Fd fd(::open_by_handle_at(mount, reinterpret_cast<file_handle*>(buffer.bytes), O_PATH | O_CLOEXEC));
  struct stat st {};
  // A removed directory has no links left; its path would only carry the kernel's remark that it was deleted.
  if (!fd || ::fstat(fd.get(), &st) != 0 || st.st_nlink == 0) return {};
  char path[4097];
  const auto size = ::readlink(fd_path(fd.get()).c_str(), path, sizeof path);
  return size <= 0 ? std::string() : std::string(path, static_cast<std::size_t>(size));
}

}  // namespace moult::files
