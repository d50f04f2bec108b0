#include "drivers/guest/local/pump.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace moult::guest {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// A daemon that the command left behind may hold its output open: after the command's end this long is waited for more.
constexpr auto kAfterEnd = 100ms;
constexpr auto kPollWithoutPidfd = 10ms;

bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

/// One output stream: keeps up to the limit, drops the rest.
void drain(Fd& fd, std::string& text, std::size_t limit, bool& truncated) {
  std::array<char, 64U << 10> buffer;
  const auto count = ::read(fd.get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return fd.reset();
  const auto kept = std::min(static_cast<std::size_t>(count), limit - std::min(limit, text.size()));
  text.append(buffer.data(), kept);
  truncated = truncated || kept < static_cast<std::size_t>(count);
}

void feed(Fd& fd, const std::string& input, std::size_t& fed) {
  const auto count =
      write_without_signal(fd.get(), input.data() + fed, std::min<std::size_t>(input.size() - fed, 64U << 10));
  if (count > 0)
    fed += static_cast<std::size_t>(count);
  else if (errno != EAGAIN && errno != EINTR)
    fd.reset();
  if (fed == input.size()) fd.reset();
}

class Pump {
 public:
  Pump(Child& child, const Command& command, Outcome& outcome)
      : child_(child),
        command_(command),
        outcome_(outcome),
        pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0))) {
    if (command.input.empty()) child_.input.reset();
  }

  bool run(steady_clock::time_point deadline) {
    for (;;) {
      if (!ended_ && has_ended(child_.pid)) ended_ = steady_clock::now() + kAfterEnd;
      if (ended_ && !child_.out && !child_.err) return true;
      if (steady_clock::now() >= ended_.value_or(deadline)) return ended_.has_value();
      step(ended_.value_or(deadline));
    }
  }

 private:
  void step(steady_clock::time_point until) {
    pollfd polled[] = {{child_.input.get(), POLLOUT, 0},
                       {child_.out.get(), POLLIN, 0},
                       {child_.err.get(), POLLIN, 0},
                       {ended_ ? -1 : pidfd_.get(), POLLIN, 0}};
    auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
    if (!pidfd_ && !ended_) wait = std::min<std::chrono::milliseconds>(wait, kPollWithoutPidfd);
    if (::poll(polled, std::size(polled), static_cast<int>(std::clamp<long long>(wait.count(), 0, 60'000))) <= 0)
      return;
    if ((polled[0].revents & (POLLERR | POLLNVAL)) != 0)
      child_.input.reset();
    else if (polled[0].revents != 0)
      feed(child_.input, command_.input, fed_);
    if (polled[1].revents != 0) drain(child_.out, outcome_.out, command_.output_limit, outcome_.truncated);
    if (polled[2].revents != 0) drain(child_.err, outcome_.err, command_.output_limit, outcome_.truncated);
  }

  Child& child_;
  const Command& command_;
  Outcome& outcome_;
  const Fd pidfd_;  // none on kernels before 5.3
  std::size_t fed_ = 0;
  std::optional<steady_clock::time_point> ended_;
};

}  // namespace

ssize_t write_without_signal(int fd, const void* data, std::size_t size) {
  sigset_t pipe, before;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, &before);
  const auto count = ::write(fd, data, size);
  const int error = errno;
  const timespec now{};
  if (count < 0 && error == EPIPE && ::sigismember(&before, SIGPIPE) == 0) ::sigtimedwait(&pipe, nullptr, &now);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return count;
}

bool pump(Child& child, const Command& command, steady_clock::time_point deadline, Outcome& outcome) {
  return Pump(child, command, outcome).run(deadline);
}

}  // namespace moult::guest
