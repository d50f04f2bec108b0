#include "support/random_ops.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>

namespace moult::test {
namespace {

namespace fs = std::filesystem;

constexpr std::array kNames{"a", "b", "c", "a-b", "\xff\xfe", "d"};
constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE

void put(const std::string& path, int flags, std::uint64_t offset, const std::string& content) {
  const int fd = ::open(path.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
  if (fd < 0) return;
  (void)!::pwrite(fd, content.data(), content.size(), static_cast<off_t>(offset));
  ::close(fd);
}

void write_mapped(const std::string& path, char c) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat st {};
  if (fd >= 0 && ::fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
    auto* map = static_cast<char*>(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    if (map != MAP_FAILED) {
      map[0] = c;
      ::munmap(map, 1);
    }
  }
  if (fd >= 0) ::close(fd);
}

bool is_symlink(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISLNK(st.st_mode);
}

bool is_special(const std::string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode);
}

}  // namespace

std::string RandomOps::some_path() {
  std::string path = root_;
  for (auto depth = 1 + below(3); depth > 0; --depth) path += std::string("/") + kNames[below(kNames.size())];
  return path;
}

std::string RandomOps::step() {
  const auto path = some_path();
  switch (below(4)) {
    case 0:
      return make(path);
    case 1:
      return write(path);
    case 2:
      return dress(path);
    default:
      return name(path);
  }
}

std::string RandomOps::make(const std::string& path) {
  std::error_code ignored;
  switch (below(7)) {
    case 0:
    case 1:
      ::mkdir(path.c_str(), static_cast<mode_t>(0700 + below(64)));
      return "mkdir " + path;
    case 2:
      fs::create_directories(path, ignored);
      put(path + "/a", O_WRONLY | O_CREAT, 0, "in a new tree");
      return "make tree " + path;
    case 3:
      (void)!::symlink(below(2) != 0 ? "a" : "/etc/passwd", path.c_str());
      return "symlink " + path;
    case 4:
      ::mkfifo(path.c_str(), 0600);
      return "mkfifo " + path;
    default:
      put(path, O_WRONLY | O_CREAT | O_EXCL, 0, std::string(below(9000), 'n'));
      return "create " + path;
  }
}

std::string RandomOps::write(const std::string& path) {
  if (is_special(path)) return "nothing";
  const std::string text(1 + below(50), static_cast<char>('a' + below(26)));
  switch (below(6)) {
    case 0:
      put(path, O_WRONLY | O_CREAT, 0, text);
      return "write " + path;
    case 1:
      put(path, O_WRONLY, below(20'000), text);
      return "write far " + path;
    case 2:
      put(path, O_WRONLY | O_TRUNC | O_CREAT, 0, text);
      return "rewrite " + path;
    case 3:
      (void)!::truncate(path.c_str(), static_cast<off_t>(below(10'000)));
      return "truncate " + path;
    case 4:
      write_mapped(path, text[0]);
      return "write mapped " + path;
    default:
      put(path, O_WRONLY | O_CREAT, 0, std::string(200'000 + below(200'000), text[0]));
      return "write large " + path;
  }
}

std::string RandomOps::dress(const std::string& path) {
  const struct timespec times[2] = {{static_cast<time_t>(below(1000)), 5},
                                    {static_cast<time_t>(below(1000)), static_cast<long>(below(1000))}};
  const std::string value(below(30), 'v');
  switch (below(5)) {
    case 0:
      if (!is_symlink(path)) ::chmod(path.c_str(), static_cast<mode_t>(below(07777) | 0400));
      return "chmod " + path;
    case 1:
      (void)!::lchown(path.c_str(), static_cast<uid_t>(below(3)), static_cast<gid_t>(below(3)));
      return "chown " + path;
    case 2:
      ::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW);
      return "utimens " + path;
    case 3:
      ::lsetxattr(path.c_str(), "trusted.x", value.data(), value.size(), 0);
      return "setxattr " + path;
    default:
      ::lremovexattr(path.c_str(), "trusted.x");
      return "removexattr " + path;
  }
}

std::string RandomOps::name(const std::string& path) {
  const auto other = some_path();
  std::error_code ignored;
  switch (below(6)) {
    case 0:
      ::unlink(path.c_str());
      return "unlink " + path;
    case 1:
      fs::remove_all(path, ignored);
      return "remove all of " + path;
    case 2:
      ::link(path.c_str(), other.c_str());
      return "link " + path + " " + other;
    case 3:
      ::syscall(SYS_renameat2, AT_FDCWD, path.c_str(), AT_FDCWD, other.c_str(), kExchange);
      return "exchange " + path + " " + other;
    default:
      ::rename(path.c_str(), other.c_str());
      return "rename " + path + " " + other;
  }
}

}  // namespace moult::test
