#include "files.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>

namespace notes {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

class Fd {
 public:
  Fd(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

std::filesystem::path temporary_name(const std::filesystem::path& path) {
  static std::atomic<unsigned> counter{0};
  return path.parent_path() /
         ("." + path.filename().string() + "." + std::to_string(::getpid()) + "." + std::to_string(++counter) + ".tmp");
}

enum class Sync { no, yes };

void write_all(const std::filesystem::path& path, int flags, std::string_view bytes, Sync sync) {
  const Fd file(path, O_WRONLY | flags, 0644);
  if (file.get() < 0) fail("open " + path.string());
  while (!bytes.empty()) {
    const auto written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) fail("write " + path.string());
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (sync == Sync::yes && ::fsync(file.get()) != 0) fail("fsync " + path.string());
}

void sync_directory(const std::filesystem::path& path) {
  const Fd directory(path, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) fail("fsync " + path.string());
}

}  // namespace

Written write_atomically(const std::filesystem::path& path, std::string_view bytes, Replace replace) {
  const auto temporary = temporary_name(path);
  write_all(temporary, O_CREAT | O_EXCL, bytes, Sync::yes);
  const unsigned flags = replace == Replace::no ? RENAME_NOREPLACE : 0;
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), flags) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    if (error == EEXIST) return Written::exists;
    errno = error;
    fail("rename to " + path.string());
  }
  sync_directory(path.parent_path());
  return Written::done;
}

std::filesystem::path write_beside(const std::filesystem::path& path, std::string_view bytes) {
  auto temporary = temporary_name(path);
  write_all(temporary, O_CREAT | O_EXCL, bytes, Sync::no);
  return temporary;
}

void write_over(const std::filesystem::path& path, std::string_view bytes) { write_all(path, 0, bytes, Sync::no); }

void try_writing(const std::filesystem::path& directory, std::string_view bytes) {
  write_all(directory, O_TMPFILE, bytes, Sync::yes);
  sync_directory(directory);
}

void sync_all(const std::filesystem::path& path) {
  const Fd directory(path, O_RDONLY | O_DIRECTORY);
  if (directory.get() < 0 || ::syncfs(directory.get()) != 0) fail("syncfs " + path.string());
}

std::optional<std::string> read_file(const std::filesystem::path& path) {
  const Fd file(path, O_RDONLY);
  if (file.get() < 0) {
    if (errno == ENOENT) return std::nullopt;
    fail("open " + path.string());
  }
  std::string bytes;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) fail("read " + path.string());
    if (got > 0) bytes.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace notes
