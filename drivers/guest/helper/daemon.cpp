#include "drivers/guest/helper/daemon.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "drivers/fd.hpp"
#include "drivers/guest/local/system_error.hpp"

namespace moult::guest {
namespace {

constexpr const char* kControlGroups = "/sys/fs/cgroup";

bool write_text(const std::string& path, const std::string& text) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

void silence_standard_streams() {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; null >= 0 && fd < 3; ++fd) ::dup2(null, fd);
  if (null > 2) ::close(null);
}

volatile sig_atomic_t worker = 0;

extern "C" void pass_on_signal(int signal) {
  if (worker > 0) ::kill(static_cast<pid_t>(worker), signal);
}

/// The parent: waits, hands the signals that ask for an end on to the worker, and cleans up after a death.
[[noreturn]] void watch_over(pid_t pid, const std::function<void()>& bereaved) {
  worker = pid;
  for (const int signal : {SIGTERM, SIGINT}) ::signal(signal, pass_on_signal);
  ::signal(SIGHUP, SIG_IGN);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) bereaved();
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

[[noreturn]] void daemon(Fd ready, const std::function<int(const std::function<void()>&)>& serve,
                         const std::function<void()>& bereaved) {
  ::setsid();
  if (::fork() != 0) ::_exit(0);  // the session's leader goes: no terminal can ever be acquired
  leave_control_group();
  settle_in_memory();
  silence_standard_streams();
  static_cast<void>(::chdir("/"));
  const pid_t pid = ::fork();
  if (pid < 0) ::_exit(1);
  if (pid > 0) {
    ready.reset();
    watch_over(pid, bereaved);
  }
  settle_in_memory();  // a lock on memory does not survive a fork
  ::_exit(serve([&] { static_cast<void>(!::write(ready.get(), "y", 1)), ready.reset(); }));
}

}  // namespace

void leave_control_group() {
  const std::string root = kControlGroups;
  // Unified: one tree. Otherwise a tree for each controller and one that systemd names, side by side.
  if (write_text(root + "/cgroup.procs", "0")) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> trees(::opendir(kControlGroups), ::closedir);
  while (const auto* tree = trees ? ::readdir(trees.get()) : nullptr)
    if (tree->d_name[0] != '.') write_text(root + "/" + tree->d_name + "/cgroup.procs", "0");
}

void settle_in_memory() {
  write_text("/proc/self/oom_score_adj", "-1000");
  constexpr int on_fault = 4;  // MCL_ONFAULT: what was never touched takes no memory
  ::mlockall(MCL_CURRENT | MCL_FUTURE | on_fault);
}

Result<> run_daemon(const std::function<int(const std::function<void()>&)>& serve,
                    const std::function<void()>& bereaved) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("make", "a pipe", errno);
  Fd read(ends[0]), write(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return system_failure("start", "the daemon", errno);
  if (pid == 0) {
    read.reset();
    daemon(std::move(write), serve, bereaved);
  }
  write.reset();
  ::waitpid(pid, nullptr, 0);
  char said = 0;
  while (::read(read.get(), &said, 1) < 0 && errno == EINTR) {
  }
  if (said != 'y') return fail(Code::failed, "the helper ended before it was ready");
  return {};
}

}  // namespace moult::guest
