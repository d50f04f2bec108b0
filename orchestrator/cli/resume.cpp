#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/cli/launch.hpp"
#include "orchestrator/store/run_lock.hpp"

namespace moult {
namespace {

/// How often a stop of the watch itself is looked for; deaths wake it at once.
constexpr Millis kLookForStop{1000};

struct ResumeArguments {
  std::string run;
  bool watch = false;
};

Result<> resume_run(Cli& cli, const std::string& run) { return continue_run(cli, run, "resume", &Conductor::resume); }

/// Takes a run up in a process of its own: one that waits in `ready` keeps no other waiting.
Result<pid_t> begin_resume(const Cli& cli, const std::string& run) {
  std::vector<std::string> words{
      "moult",  "--state", state_dir_of(cli), "--driver", cli.options.driver, "--sim-world", cli.options.sim_world,
      "resume", run};
  if (cli.options.quiet) words.emplace_back("--quiet");
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, "/proc/self/exe", nullptr, nullptr, argv.data(), environ);
  if (failed != 0) return fail(Code::io, "cannot start moult to take up run " + run + ": " + std::strerror(failed));
  return pid;
}

Result<> resume_all(Cli& cli) {
  MOULT_ASSIGN(const auto dead, dead_holders(state_dir_of(cli)));
  if (dead.empty())
    return fail(Code::not_found, "no run was left by a process that died: there is nothing to resume",
                "`moult runs` lists the runs; a run that waits for a word is ended with abort, rollback or finish.");
  if (dead.size() == 1) return resume_run(cli, dead.front().run);
  std::string failed;
  std::vector<std::pair<std::string, pid_t>> begun;
  for (const auto& holder : dead) {
    MOULT_ASSIGN(const auto pid, begin_resume(cli, holder.run));
    begun.emplace_back(holder.run, pid);
  }
  for (const auto& [run, pid] : begun) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    if (status != 0) failed += (failed.empty() ? "" : ", ") + run;
  }
  if (failed.empty()) return {};
  return fail(Code::failed, "not taken up to the end: " + failed, "The lines above say why, each for its run.");
}

/// Takes up whatever run loses its process, until it is stopped; runs that it has taken up go on without it.
Result<> watch(Cli& cli) {
  MOULT_ASSIGN(auto locks, LockWatch::begin(state_dir_of(cli)));
  std::set<std::string> known;  // each death is answered once: a run that cannot be taken up waits for a person
  while (!cli.interrupt.asked()) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
    MOULT_ASSIGN(const auto dead, dead_holders(state_dir_of(cli)));
    for (const auto& holder : dead) {
      if (!known.insert(holder.describe()).second) continue;
      std::fprintf(stderr, "moult: taking up %s, which died\n", holder.describe().c_str());
      MOULT_TRY(begin_resume(cli, holder.run).map([](pid_t) {}));
    }
    MOULT_TRY(locks.wait(kLookForStop));
  }
  return {};
}

Result<> resume_command(Cli& cli, const ResumeArguments& arguments) {
  if (arguments.watch && !arguments.run.empty())
    return fail(Code::usage, "--watch is for all runs, and names none", "Leave out the run, or --watch.");
  if (arguments.watch) return watch(cli);
  return arguments.run.empty() ? resume_all(cli) : resume_run(cli, arguments.run);
}

}  // namespace

void add_resume(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("resume", "Take up a run whose process died, and go on");
  auto arguments = std::make_shared<ResumeArguments>();
  command->add_option("RUN", arguments->run, "The run's id; without it, all runs whose process died")->type_name("ID");
  command->add_flag("--watch", arguments->watch, "Stay, and take up each run whose process dies, at once");
  command->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return resume_command(cli, *arguments); }; });
}

}  // namespace moult
