#include "drivers/host_command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <vector>

#include "drivers/fd.hpp"

extern char** environ;

namespace moult {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(Code::io, std::string("no pipe: ") + std::strerror(errno));
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void never_block(const Fd& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string text(*line);
    if (!command.env.contains(text.substr(0, text.find('=')))) lines.push_back(text);
  }
  for (const auto& [name, value] : command.env) lines.push_back(name + "=" + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

/// posix_spawn's two attribute objects, freed on every path.
struct SpawnPlan {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  SpawnPlan() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

Result<pid_t> spawn(const Command& command, const Pipe& in, const Pipe& out, const Pipe& err) {
  SpawnPlan plan;
  posix_spawn_file_actions_adddup2(&plan.files, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&plan.files, out.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&plan.files, err.write.get(), STDERR_FILENO);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setflags(&plan.attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&plan.attributes, 0);
  posix_spawnattr_setsigmask(&plan.attributes, &none);
  posix_spawnattr_setsigdefault(&plan.attributes, &all);
  auto argv = command.argv;
  auto env = environment_of(command);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, argv.front().c_str(), &plan.files, &plan.attributes, pointers(argv).data(),
                                 pointers(env).data());
  if (error != 0)
    return fail(error == ENOENT ? Code::not_found : Code::io,
                "cannot start " + command.argv.front() + ": " + std::strerror(error));
  return pid;
}

/// One child and its streams until its end.
class Child {
 public:
  Child(pid_t pid, const Command& command, Pipe in, Pipe out, Pipe err)
      : pid_(pid),
        command_(command),
        end_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        in_(std::move(in.write)),
        out_(std::move(out.read)),
        err_(std::move(err.read)) {
    for (const Fd* fd : {&in_, &out_, &err_}) never_block(*fd);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) (void)kill_and_reap();
  }

  Result<Outcome> finish() {
    const auto until = SteadyClock::now() + command_.timeout;
    for (;;) {
      feed();
      const auto left = std::chrono::ceil<Millis>(until - SteadyClock::now()).count();
      if (left <= 0) break;
      std::array<pollfd, 4> waits{pollfd{end_.get(), POLLIN, 0}, pollfd{out_.get(), POLLIN, 0},
                                  pollfd{err_.get(), POLLIN, 0}, pollfd{in_.get(), POLLOUT, 0}};
      if (::poll(waits.data(), waits.size(), static_cast<int>(std::min<long long>(left, 1000))) < 0 && errno != EINTR) {
        return fail(Code::io, std::string("poll: ") + std::strerror(errno));
      }
      take(out_, outcome_.out);
      take(err_, outcome_.err);
      if ((waits[0].revents & POLLIN) != 0) return ended();
    }
    kill_and_reap();
    return fail(Code::timeout,
                command_.argv.front() + " did not end within " + std::to_string(command_.timeout.count()) + " ms");
  }

 private:
  void feed() {
    if (!in_) return;
    while (fed_ < command_.input.size()) {
      const auto count = ::write(in_.get(), command_.input.data() + fed_, command_.input.size() - fed_);
      if (count < 0 && errno == EAGAIN) return;
      if (count < 0) break;  // the command does not read its input: its own affair
      fed_ += static_cast<std::size_t>(count);
    }
    in_.reset();
  }

  void take(Fd& from, std::string& to) {
    std::array<char, 1U << 16> buffer;
    while (from) {
      const auto count = ::read(from.get(), buffer.data(), buffer.size());
      if (count < 0) return;
      if (count == 0) return from.reset();
      const auto room = command_.output_limit - std::min(command_.output_limit, to.size());
      const auto kept = std::min(room, static_cast<std::size_t>(count));
      to.append(buffer.data(), kept);
      outcome_.truncated |= kept < static_cast<std::size_t>(count);
    }
  }

  Result<Outcome> ended() {
    take(out_, outcome_.out);
    take(err_, outcome_.err);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    outcome_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return outcome_;
  }

  void kill_and_reap() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  pid_t pid_;
  const Command& command_;
  Fd end_, in_, out_, err_;
  std::size_t fed_ = 0;
  Outcome outcome_;
};

/// A write to a command that closed its input must fail, not end this process.
class IgnoreBrokenPipe {
 public:
  IgnoreBrokenPipe() {
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before_);
    was_blocked_ = sigismember(&before_, SIGPIPE) == 1;
  }
  IgnoreBrokenPipe(const IgnoreBrokenPipe&) = delete;
  IgnoreBrokenPipe& operator=(const IgnoreBrokenPipe&) = delete;
  ~IgnoreBrokenPipe() {
    if (was_blocked_) return;
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    const timespec now{};
    while (sigtimedwait(&pipe_only, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t before_{};
  bool was_blocked_ = false;
};

}  // namespace

Result<Outcome> run_on_host(const Command& command) {
  if (command.argv.empty()) return fail(Code::internal, "an empty command");
  const IgnoreBrokenPipe guard;
  MOULT_ASSIGN(auto in, make_pipe());
  MOULT_ASSIGN(auto out, make_pipe());
  MOULT_ASSIGN(auto err, make_pipe());
  MOULT_ASSIGN(const pid_t pid, spawn(command, in, out, err));
  in.read.reset();
  out.write.reset();
  err.write.reset();
  Child child(pid, command, std::move(in), std::move(out), std::move(err));
  return child.finish();
}

}  // namespace moult
