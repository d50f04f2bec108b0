#include "drivers/guest/files/merge.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "drivers/guest/files/extents.hpp"
#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

Result<> copy(int from, int to) {
  std::vector<std::byte> buffer(64U << 10);
  for (std::uint64_t at = 0;;) {
    MOULT_ASSIGN(const auto got, read_at(from, at, buffer));
    if (got == 0) return {};
    for (std::size_t done = 0; done < got;) {
      const auto put = ::pwrite(to, buffer.data() + done, got - done, static_cast<off_t>(at + done));
      if (put < 0 && errno != EINTR) return system_failure("cannot write", errno);
      if (put > 0) done += static_cast<std::size_t>(put);
    }
    at += got;
  }
}

/// Waits for a child until the deadline. nullopt: it is still running.
std::optional<int> wait_for(pid_t pid, Millis timeout) {
  const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  struct pollfd ended {
    handle.get(), POLLIN, 0
  };
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return std::nullopt;
    if (handle && ::poll(&ended, 1, static_cast<int>(std::min<long long>(left, 1'000'000))) < 0 && errno != EINTR)
      return std::nullopt;
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) return status;
    if (!handle) ::usleep(5000);
  }
}

}  // namespace

Result<MergeFiles> MergeFiles::make(const std::string& work_dir) {
  MergeFiles files;
  std::string name = work_dir + "/moult-merge-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) return system_failure("cannot make a directory in " + shown(work_dir), errno);
  files.directory_ = std::move(name);
  return files;
}

MergeFiles::~MergeFiles() {
  if (directory_.empty()) return;
  (void)::unlink(original().c_str());
  (void)::unlink(clone().c_str());
  (void)::rmdir(directory_.c_str());
}

Result<> MergeFiles::put(const std::string& path, int fd) {
  const Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out) return system_failure("cannot make " + shown(path), errno);
  return copy(fd, out.get());
}

Result<> MergeFiles::get_clone(int fd) const {
  const Fd in(::open(clone().c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!in) return system_failure("the merge command left no result", errno);
  return copy(in.get(), fd);
}

Result<bool> run_quietly(const std::vector<std::string>& argv, Millis timeout) {
  std::vector<char*> raw;
  raw.reserve(argv.size() + 1);
  for (const auto& word : argv) raw.push_back(const_cast<char*>(word.c_str()));
  raw.push_back(nullptr);
  char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  char lang[] = "LANG=C.UTF-8";
  char* environment[] = {path, lang, nullptr};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd = 0; fd < 3; ++fd)
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, raw[0], &actions, &attributes, raw.data(), environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return system_failure("cannot run the merge command " + shown(argv[0]), failed);
  const auto status = wait_for(pid, timeout);
  if (status) return WIFEXITED(*status) && WEXITSTATUS(*status) == 0;
  (void)::kill(-pid, SIGKILL);
  (void)::waitpid(pid, nullptr, 0);
  return false;
}

/// The original's version is in the temporary file, the target's own is what is there. What the command leaves becomes
/// the target's, with the metadata that the target's version had; for the digest the original's is carried.
Result<> ApplyRound::merge(const struct stat& present, const Close& close) {
  if (::ftruncate(temp_->fd(), static_cast<off_t>(close.size)) != 0)
    return system_failure("cannot set its size", errno);
  MOULT_ASSIGN(const auto files, MergeFiles::make(merge_.work_dir));
  MOULT_ASSIGN(const auto place, tree_.place(meta_.path));
  if (!place) return fail(Code::io, "its directory vanished");
  const Fd own(::openat(place->directory, place->name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!own) return system_failure("cannot open the clone's version", errno);
  MOULT_TRY(files.put_original(temp_->fd()));
  MOULT_TRY(files.put_clone(own.get()));
  auto argv = set_->rule_for(meta_.path)->merge;
  argv.push_back(files.original());
  argv.push_back(files.clone());
  MOULT_ASSIGN(const bool merged, run_quietly(argv, merge_.timeout));
  if (!merged) {
    note_conflict(meta_.path);
    return {};
  }
  Meta dress = meta_of(meta_.path, present);
  MOULT_ASSIGN(dress.xattrs, read_xattrs(own.get()));
  dress.mtime = dress.atime = wall_now();
  temp_ = std::make_unique<TempItem>(tree_);
  MOULT_TRY(temp_->make_file(meta_.path));
  MOULT_TRY(files.get_clone(temp_->fd()));
  struct stat st {};
  if (::fstat(temp_->fd(), &st) != 0) return system_failure("cannot look at the merged version", errno);
  MOULT_ASSIGN(const auto siblings, siblings_of(meta_.path, present));
  MOULT_TRY(temp_->dress_file(dress, static_cast<std::uint64_t>(st.st_size)));
  MOULT_TRY(temp_->install(present));
  MOULT_TRY(seal_later(0));
  MOULT_TRY(restamp(siblings));
  MOULT_TRY(record_present(meta_.path));
  carried(meta_.path, close.record, false);
  note_applied(meta_.path);
  return {};
}

}  // namespace moult::files
