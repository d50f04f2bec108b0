#include "drivers/guest/local_access.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <map>
#include <mutex>

#include "drivers/guest/local/pump.hpp"
#include "drivers/guest/local/spawn.hpp"
#include "drivers/guest/local/whole_file.hpp"

namespace moult::guest {

/// The commands that run now. A child stays known until just before it is reaped, so its number names no one else.
class LocalAccess::Running {
 public:
  Result<> add(const Child& child) {
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail(Code::interrupted, "the helper stops and runs no more commands");
    children_[child.pid] = &child;
    return {};
  }
  void kill(const Child& child) {
    const std::lock_guard lock(mutex_);
    kill_tree(child);
  }
  /// Forgets and reaps; the wait status. True in `stopped`: we killed it.
  int reap(const Child& child, bool& stopped) {
    const std::lock_guard lock(mutex_);
    children_.erase(child.pid);
    stopped = stopped_;
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    return status;
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& [pid, child] : children_) kill_tree(*child);
  }

 private:
  std::mutex mutex_;
  std::map<pid_t, const Child*> children_;
  bool stopped_ = false;
};

namespace {

int exit_code_of_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

std::string seconds_of(Millis span) {
  const auto tenths = (span.count() + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

Unexpected out_of_time(const Command& command) {
  return fail(Code::timeout, "\"" + command.argv.front() + "\" did not end within " + seconds_of(command.timeout) +
                                 " and was killed with all that it had started");
}

}  // namespace

LocalAccess::LocalAccess() : running_(std::make_unique<Running>()) {}

LocalAccess::~LocalAccess() { stop(); }

void LocalAccess::stop() { running_->stop(); }

Result<Outcome> LocalAccess::run(const Command& command) {
  const auto deadline = std::chrono::steady_clock::now() + command.timeout;
  MOULT_ASSIGN(Child child, spawn(command));
  auto known = running_->add(child);
  Outcome outcome;
  const bool in_time = known && pump(child, command, deadline, outcome);
  if (!in_time) running_->kill(child);
  bool stopped = false;
  outcome.exit_code = exit_code_of_status(running_->reap(child, stopped));
  if (!known) return pass(std::move(known));
  if (!in_time) return out_of_time(command);
  if (stopped) return fail(Code::interrupted, "the helper was stopped while \"" + command.argv.front() + "\" ran");
  return outcome;
}

Result<> LocalAccess::put(const std::string& path, std::uint32_t mode, const ByteSource& content) {
  return write_whole(path, mode, content);
}

Result<> LocalAccess::get(const std::string& path, const ByteSink& sink) { return read_whole(path, sink); }

}  // namespace moult::guest
