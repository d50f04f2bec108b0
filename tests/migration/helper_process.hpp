#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catch.hpp"
#include "drivers/guest/client/remote_session.hpp"

namespace moult::test {

/// The real helper, in a process of its own, started again when its session asks: a guest as far as its helper goes.
/// `prefix`: what it is started through, such as unshare.
class HelperProcess {
 public:
  explicit HelperProcess(std::vector<std::string> prefix = {})
      : prefix_(std::move(prefix)), session_(guest::Route{[this] { return start(); }, {}}, options()) {}
  ~HelperProcess() { kill(); }
  [[nodiscard]] GuestSession& session() { return session_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Ends it as an accident would.
  void kill() {
    const std::lock_guard lock(mutex_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  static guest::SessionOptions options() {
    guest::SessionOptions options;
    options.run = "r1";
    return options;
  }
  Result<Fd> start() {
    kill();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail(Code::io, "no socket pair");
    auto words = prefix_;
    for (const auto& word : {std::string(MOULT_HELPER), std::string("--run"), std::string("r1"), std::string("--fd"),
                             std::to_string(ends[1])})
      words.push_back(word);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::lock_guard lock(mutex_);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::fcntl(ends[1], F_SETFD, 0);
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    return Fd(ends[0]);
  }

  const std::vector<std::string> prefix_;
  std::mutex mutex_;
  pid_t pid_ = -1;
  guest::RemoteSession session_;
};

/// Holds, or the test ends with what the error says.
#define GOOD(expression)                                         \
  do {                                                           \
    auto good_result_ = (expression);                            \
    INFO((good_result_ ? "" : good_result_.error().describe())); \
    REQUIRE(good_result_.has_value());                           \
  } while (false)

}  // namespace moult::test
