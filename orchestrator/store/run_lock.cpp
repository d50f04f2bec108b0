#include "orchestrator/store/run_lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "descriptors/base/digest.hpp"
#include "orchestrator/store/file_lock.hpp"
#include "orchestrator/store/holder.hpp"
#include "orchestrator/store/small_file.hpp"
#include "orchestrator/store/state_dir.hpp"

namespace moult {
namespace {

constexpr std::size_t kMaxName = 200;

/// The id itself where it can be a file's name, "_<digest>" otherwise: no id leaves the folder, no two share a lock.
std::string lock_path(const std::string& state_dir, const std::string& appliance) {
  bool plain =
      !appliance.empty() && appliance.size() <= kMaxName && appliance.front() != '.' && appliance.front() != '_';
  for (const char c : appliance)
    plain = plain && (std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_');
  return state_dir + "/locks/" + (plain ? appliance : "_" + sha256_hex(appliance)) + ".lock";
}

/// Who wrote the file. A holder writes just after locking, so an empty file is looked at again for a moment.
std::optional<Holder> written_holder(const std::string& path) {
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto text = read_small_file(path);
    if (text)
      if (auto holder = holder_of(*text)) return holder;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return std::nullopt;
}

Unexpected held(const std::string& appliance, const std::string& path) {
  const auto holder = written_holder(path);
  return fail(
      Code::busy, "appliance " + appliance + " is held by " + (holder ? holder->describe() : "another process"),
      holder && !holder->run.empty() ? "Wait for it, or see `moult status " + holder->run + "`." : "Wait for it.");
}

Result<> write_holder(const Fd& file, const std::string& path, const Holder& holder) {
  const auto text = to_json(holder);
  if (::ftruncate(file.get(), 0) != 0) return file_error(errno, "cannot write", path);
  const auto count = ::pwrite(file.get(), text.data(), text.size(), 0);
  if (count < 0) return file_error(errno, "cannot write", path);
  if (static_cast<std::size_t>(count) != text.size()) return file_error(ENOSPC, "cannot write", path);
  return {};
}

}  // namespace

Result<RunLock> RunLock::acquire(const std::string& state_dir, const std::string& appliance, const Holder& holder) {
  MOULT_TRY(make_private_directory(state_dir));
  MOULT_TRY(make_private_directory(state_dir + "/locks"));
  const auto path = lock_path(state_dir, appliance);
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return file_error(errno, "cannot open", path);
  MOULT_ASSIGN(const bool taken, try_lock(file, path));
  if (!taken) return held(appliance, path);
  MOULT_TRY(write_holder(file, path, holder));
  return RunLock(std::move(file));
}

Result<> RunLock::check_free(const std::string& state_dir, const std::string& appliance) {
  MOULT_ASSIGN(const auto holder, lock_holder(state_dir, appliance));
  return holder ? Result<>(held(appliance, lock_path(state_dir, appliance))) : Result<>{};
}

RunLock& RunLock::operator=(RunLock&& other) noexcept {
  if (this == &other) return *this;
  release();
  fd_ = std::move(other.fd_);
  return *this;
}

RunLock::~RunLock() { release(); }

/// The file stays: were it removed, two processes could lock two files of one name.
void RunLock::release() {
  if (fd_ && ::ftruncate(fd_.get(), 0) != 0) return;  // closing releases it all the same
}

Result<std::optional<Holder>> lock_holder(const std::string& state_dir, const std::string& appliance) {
  const auto path = lock_path(state_dir, appliance);
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) return file_error(errno, "cannot open", path);
  MOULT_ASSIGN(const bool locked, is_locked(file, path));
  if (!locked) return std::nullopt;
  return written_holder(path).value_or(Holder{0, "?", "?", "", "?", "?"});
}

Result<std::vector<Holder>> dead_holders(const std::string& state_dir) {
  std::vector<Holder> dead;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(state_dir + "/locks", none)) {
    const auto path = entry.path().string();
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return file_error(errno, "cannot open", path);
    MOULT_ASSIGN(const bool locked, is_locked(file, path));
    const auto text = locked ? Result<std::string>(std::string()) : read_small_file(path);
    if (!text) return Unexpected(text.error());
    if (auto holder = holder_of(*text); holder && !holder->run.empty()) dead.push_back(std::move(*holder));
  }
  return dead;
}

Result<LockWatch> LockWatch::begin(const std::string& state_dir) {
  MOULT_TRY(make_private_directory(state_dir));
  MOULT_TRY(make_private_directory(state_dir + "/locks"));
  const auto path = state_dir + "/locks";
  Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd || ::inotify_add_watch(fd.get(), path.c_str(), IN_CLOSE_WRITE) < 0)
    return file_error(errno, "cannot watch", path);
  return LockWatch(std::move(fd));
}

Result<> LockWatch::wait(Millis at_most) {
  pollfd ready{fd_.get(), POLLIN, 0};
  if (::poll(&ready, 1, static_cast<int>(at_most.count())) < 0 && errno != EINTR)
    return fail(Code::io, "cannot wait for locks: " + std::string(std::strerror(errno)));
  std::array<char, 4096> events{};
  while (::read(fd_.get(), events.data(), events.size()) > 0)
    continue;  // which ones does not matter: all are looked at
  return {};
}

}  // namespace moult
