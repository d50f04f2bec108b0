#include "drivers/guest/local/whole_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "drivers/fd.hpp"
#include "drivers/guest/local/system_error.hpp"

namespace moult::guest {
namespace {

constexpr std::size_t kChunk = 120U << 10;  // within a frame of the channel

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> make_folders(const std::string& folder) {
  for (std::size_t at = 1; at != std::string::npos && at < folder.size();) {
    at = folder.find('/', at + 1);
    const auto part = folder.substr(0, at);
    if (::mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) return system_failure("make the directory", part, errno);
  }
  return {};
}

Result<> write_bytes(int fd, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> copy_in(int fd, const ByteSource& content, const std::string& path) {
  std::vector<std::byte> buffer(kChunk);
  for (;;) {
    MOULT_ASSIGN(const auto count, content(buffer));
    if (count == 0) return {};
    MOULT_TRY(write_bytes(fd, std::span(buffer).first(count), path));
  }
}

Result<> sync_folder(const std::string& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return system_failure("sync the directory", folder, errno);
  return {};
}

Result<> fill_and_rename(int fd, const std::string& temporary, const std::string& path, std::uint32_t mode,
                         const ByteSource& content) {
  MOULT_TRY(copy_in(fd, content, path));
  if (::fchmod(fd, mode & 07777) != 0) return system_failure("set the mode of", path, errno);
  if (::fsync(fd) != 0) return system_failure("sync", path, errno);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return system_failure("replace", path, errno);
  return sync_folder(folder_of(path));
}

}  // namespace

Result<> write_whole(const std::string& path, std::uint32_t mode, const ByteSource& content) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string::npos)
    return fail(Code::invalid, "not an absolute path: \"" + path + "\"");
  MOULT_TRY(make_folders(folder_of(path)));
  auto temporary = path + ".moult-XXXXXX";
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return system_failure("write beside", path, errno);
  auto done = fill_and_rename(fd.get(), temporary, path, mode, content);
  if (!done) ::unlink(temporary.c_str());
  return done;
}

Result<> read_whole(const std::string& path, const ByteSink& sink) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return system_failure("read", path, errno);
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0) return system_failure("read", path, errno);
  if (!S_ISREG(facts.st_mode)) return fail(Code::invalid, "not a regular file: " + path);
  std::vector<std::byte> buffer(kChunk);
  for (;;) {
    const auto count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure("read", path, errno);
    if (count == 0) return {};
    MOULT_TRY(sink(Bytes(buffer).first(static_cast<std::size_t>(count))));
  }
}

}  // namespace moult::guest
