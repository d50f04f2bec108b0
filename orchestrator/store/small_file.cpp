#include "orchestrator/store/small_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "drivers/fd.hpp"

namespace moult {
namespace {

constexpr std::size_t kMaxSize = 65'536;

Result<> write_all(const Fd& file, const std::string& content, const std::string& path) {
  for (std::size_t done = 0; done < content.size();) {
    const auto count = ::write(file.get(), content.data() + done, content.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(errno, "cannot write", path);
    done += static_cast<std::size_t>(count);
  }
  if (::fsync(file.get()) != 0) return file_error(errno, "cannot sync", path);
  return {};
}

}  // namespace

Unexpected file_error(int error_number, const std::string& what, const std::string& path) {
  const auto message = what + " " + path + ": " + std::strerror(error_number);
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return fail(Code::no_space, message, "Make room on that file system.");
    case ENOENT:
      return fail(Code::not_found, message);
    case EACCES:
    case EPERM:
    case EROFS:
      return fail(Code::refused, message, "Run as the user who owns it, or name another place with --state.");
    default:
      return fail(Code::io, message);
  }
}

Result<std::string> read_small_file(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return file_error(errno, "cannot open", path);
  std::string content;
  std::array<char, 4096> piece{};
  while (content.size() <= kMaxSize) {
    const auto count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(errno, "cannot read", path);
    if (count == 0) return content;
    content.append(piece.data(), static_cast<std::size_t>(count));
  }
  return fail(Code::invalid, path + " is larger than it can be");
}

Result<> write_small_file(const std::string& path, const std::string& content) {
  const auto temporary = path + ".new." + std::to_string(::getpid());
  const Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return file_error(errno, "cannot create", temporary);
  if (auto written = write_all(file, content, temporary); !written) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error(errno, "cannot put in place", path);
  return sync_directory(path.substr(0, path.rfind('/')));
}

Result<> sync_directory(const std::string& path) {
  const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return file_error(errno, "cannot sync", path);
  return {};
}

Result<> check_private_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return file_error(errno, "cannot look at", path);
  if ((status.st_mode & 077) == 0 && (status.st_uid == ::geteuid() || status.st_uid == 0)) return {};
  return fail(Code::refused, path + " is not private to its owner",
              "Run `chmod 600 " + path + "` and find out who read it.");
}

}  // namespace moult
