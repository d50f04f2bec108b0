#include "orchestrator/store/file_lock.hpp"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "orchestrator/store/small_file.hpp"

namespace moult {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(5);

struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

Result<bool> try_lock(const Fd& file, const std::string& path) {
  auto lock = whole_file();
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  return file_error(errno, "cannot lock", path);
}

Result<bool> is_locked(const Fd& file, const std::string& path) {
  auto lock = whole_file();
  if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0) return file_error(errno, "cannot look at the lock of", path);
  return lock.l_type != F_UNLCK;
}

Result<Fd> lock_file(const std::string& path) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return file_error(errno, "cannot open", path);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    MOULT_ASSIGN(const bool taken, try_lock(file, path));
    if (taken) return file;
    if (std::chrono::steady_clock::now() > deadline)
      return fail(Code::busy, "another process holds " + path, "Find out what it is doing, and try again.");
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace moult
