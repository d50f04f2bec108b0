#include "drivers/guest/local/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>

#include "drivers/guest/local/system_error.hpp"

namespace moult::guest {
namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_failure("make", "a pipe", errno);
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

void no_wait(const Fd& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

std::map<std::string, std::string> environment_of(const Command& command, const std::string& mark) {
  std::map<std::string, std::string> all{{"PATH", kPath}, {"LANG", "C.UTF-8"}};
  for (const auto& [name, value] : command.env) all[name] = value;
  const auto equals = mark.find('=');
  all[mark.substr(0, equals)] = mark.substr(equals + 1);
  return all;
}

Result<std::string> find_program(const std::string& name, const std::string& path) {
  if (name.find('/') != std::string::npos) return name;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find(':', begin), path.size());
    const auto candidate = path.substr(begin, end - begin) + "/" + name;
    if (end > begin && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return fail(Code::not_found, "there is no program \"" + name + "\" in " + path);
}

/// Everything that the new process needs, made before the fork: after it, only system calls are allowed.
struct Plan {
  std::string program;
  std::vector<std::string> texts;
  std::vector<char*> argv, envp;
  int in = -1, out = -1, err = -1, report = -1;
  bool tied = false;
};

Result<Plan> plan_of(const Command& command, const std::string& mark) {
  if (command.argv.empty() || command.argv.front().empty()) return fail(Code::invalid, "a command without a program");
  Plan plan;
  const auto environment = environment_of(command, mark);
  MOULT_ASSIGN(plan.program, find_program(command.argv.front(), environment.at("PATH")));
  plan.texts = command.argv;
  for (const auto& [name, value] : environment) plan.texts.emplace_back(name).append("=").append(value);
  for (const auto& text : plan.texts)
    if (text.find('\0') != std::string::npos) return fail(Code::invalid, "an argument holds a NUL byte");
  for (std::size_t i = 0; i < plan.texts.size(); ++i)
    (i < command.argv.size() ? plan.argv : plan.envp).push_back(plan.texts[i].data());
  plan.argv.push_back(nullptr);
  plan.envp.push_back(nullptr);
  return plan;
}

/// The helper may be spared by the OOM killer; what it starts must not be.
void reset_oom_score() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  [[maybe_unused]] const auto ignored = ::write(fd, "0", 1);
  ::close(fd);
}

void reset_signals() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) ::sigaction(signal, &plain, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[noreturn]] void become(const Plan& plan) {
  ::setsid();
  reset_signals();
  reset_oom_score();
  if (plan.tied) ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::dup2(plan.in, 0);
  ::dup2(plan.out, 1);
  ::dup2(plan.err, 2);
  ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  ::umask(022);
  if (::chdir("/") == 0) ::execve(plan.program.c_str(), plan.argv.data(), plan.envp.data());
  const int error = errno;
  [[maybe_unused]] const auto ignored = ::write(plan.report, &error, sizeof error);
  ::_exit(127);
}

std::string fresh_mark() {
  static std::atomic<unsigned> count{0};
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return "MOULT_COMMAND=" + std::to_string(::getpid()) + "." + std::to_string(now.tv_sec) + "." +
         std::to_string(++count);
}

/// The errno with which exec failed, or 0.
int await_exec(Pipe& report) {
  report.write.reset();
  int error = 0;
  ssize_t count = 0;
  do count = ::read(report.read.get(), &error, sizeof error);
  while (count < 0 && errno == EINTR);
  return count == sizeof error ? error : 0;
}

}  // namespace

Result<Child> spawn(const Command& command, bool tied) {
  Child child;
  child.mark = fresh_mark();
  MOULT_ASSIGN(auto plan, plan_of(command, child.mark));
  MOULT_ASSIGN(auto in, make_pipe());
  MOULT_ASSIGN(auto out, make_pipe());
  MOULT_ASSIGN(auto err, make_pipe());
  MOULT_ASSIGN(auto report, make_pipe());
  plan.in = in.read.get(), plan.out = out.write.get(), plan.report = report.write.get();
  plan.err = tied ? plan.out : err.write.get();
  plan.tied = tied;
  child.pid = ::fork();
  if (child.pid < 0) return system_failure("start", plan.program, errno);
  if (child.pid == 0) become(plan);
  if (const int error = await_exec(report)) {
    ::waitpid(child.pid, nullptr, 0);
    return system_failure("start", plan.program, error);
  }
  child.input = std::move(in.write), child.out = std::move(out.read), child.err = std::move(err.read);
  for (const auto* fd : {&child.input, &child.out, &child.err}) no_wait(*fd);
  return child;
}

}  // namespace moult::guest
