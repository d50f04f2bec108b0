#include "drivers/guest/helper/home.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "drivers/guest/local/system_error.hpp"

namespace moult::guest {
namespace {

using namespace std::chrono_literals;

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool is_mount(const std::string& path) {
  struct stat inner {
  }, outer{};
  return ::lstat(path.c_str(), &inner) == 0 && ::lstat(parent_of(path).c_str(), &outer) == 0 &&
         inner.st_dev != outer.st_dev;
}

Result<> make_private(const std::string& path) {
  for (const auto& folder : {parent_of(path), path})
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return system_failure("make the directory", folder, errno);
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return system_failure("look at", path, errno);
  if (!S_ISDIR(facts.st_mode) || facts.st_uid != ::geteuid())
    return fail(Code::refused, path + " belongs to someone else");
  if (::chmod(path.c_str(), 0700) != 0) return system_failure("protect", path, errno);
  return {};
}

}  // namespace

Result<bool> Home::take() {
  MOULT_TRY(make_private(path_));
  const auto name = path_ + "/lock";
  lock_.reset(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_) return system_failure("open", name, errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) return system_failure("lock", name, errno);
  return false;
}

Result<> Home::sign(pid_t pid) {
  const auto text = std::to_string(pid) + "\n";
  if (::ftruncate(lock_.get(), 0) != 0 || ::pwrite(lock_.get(), text.data(), text.size(), 0) < 0)
    return system_failure("write", path_ + "/lock", errno);
  return {};
}

std::optional<pid_t> Home::holder() const {
  std::array<char, 32> text{};
  if (!lock_ || ::pread(lock_.get(), text.data(), text.size() - 1, 0) <= 0) return std::nullopt;
  const auto pid = static_cast<pid_t>(std::strtol(text.data(), nullptr, 10));
  return pid > 1 ? std::optional(pid) : std::nullopt;
}

Result<> Home::erase() {
  if (is_mount(path_) && ::umount2(path_.c_str(), MNT_DETACH) != 0) return system_failure("unmount", path_, errno);
  std::error_code error;
  std::filesystem::remove_all(path_, error);
  if (error) return system_failure("delete", path_, error.value());
  ::rmdir(parent_of(path_).c_str());  // goes with the last run; while another has its directory there, it stays
  return {};
}

Result<> Home::evict() {
  if (::access(path_.c_str(), F_OK) != 0) return {};
  for (int tries = 0; tries < 100; ++tries) {
    MOULT_ASSIGN(const bool free, take());
    if (free) return erase();
    // The first signal asks; one after five seconds insists.
    if (const auto pid = holder(); pid && (tries == 0 || tries == 50)) ::kill(*pid, tries == 0 ? SIGTERM : SIGKILL);
    std::this_thread::sleep_for(100ms);
  }
  return fail(Code::busy, "the helper in " + path_ + " does not end");
}

}  // namespace moult::guest
