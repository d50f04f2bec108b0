#include "migration/hooks_preflight.hpp"

#include <set>
#include <sstream>

#include "descriptors/base/text.hpp"
#include "migration/vendor_output.hpp"

namespace moult {
namespace {

/// Prints each of its words that is no program.
constexpr const char* kMissing =
    R"(for program; do command -v -- "$program" >/dev/null || printf '%s\n' "$program"; done)";

/// Connects to the port that is its word.
constexpr const char* kListens = R"(exec 3<>"/dev/tcp/127.0.0.1/$1")";

/// What runs on the original: all of one way, and of the way back what receives.
std::set<std::string> programs_of(const HooksData& hooks) {
  std::set<std::string> programs;
  const auto add = [&programs](std::initializer_list<const Argv*> commands) {
    for (const auto* command : commands)
      if (!command->empty()) programs.insert(command->front());
  };
  const auto &there = hooks.forward, &back = hooks.back;
  add({&there.capture, &there.round, &there.replay, &there.follow, &there.verify, &there.quiesce, &there.resume,
       &there.promote, &there.end});
  if (!hooks.one_way) add({&back.replay, &back.follow, &back.verify, &back.promote});
  return programs;
}

}  // namespace

Result<std::vector<Error>> hooks_problems(const DataQuestion& question) {
  const auto programs = programs_of(question.data.hooks);
  Command command;
  command.argv = {"sh", "-c", kMissing, "moult-programs"};
  command.argv.insert(command.argv.end(), programs.begin(), programs.end());
  MOULT_ASSIGN(const auto outcome, question.guest.run(command));
  if (!outcome.good())
    return fail(Code::failed, "the guest cannot be asked for the programs of the hooks: " + last_line(outcome.err));
  std::vector<Error> problems;
  std::istringstream lines(outcome.out);
  for (std::string program; std::getline(lines, program);)
    problems.push_back(Error{Code::not_found,
                             "there is no program " + in_quotes(program) + " in the guest, which the set's hooks run",
                             "Install what the vendor ships for it before the upgrade, or mend the descriptor.",
                             {},
                             Disposition::fail});
  return problems;
}

Result<std::vector<Error>> replication_problems(const DataQuestion& question) {
  MOULT_ASSIGN(auto problems, hooks_problems(question));
  const auto port = std::to_string(question.data.hooks.port);
  Command command;
  command.argv = {"bash", "-c", kListens, "moult-check", port};
  MOULT_ASSIGN(const auto outcome, question.guest.run(command));
  if (!outcome.good())
    problems.push_back(Error{Code::unreachable,
                             "nothing answers at 127.0.0.1:" + port + " in the guest",
                             "Start the application, let it listen there, or correct `port` in the descriptor.",
                             {},
                             Disposition::fail});
  return problems;
}

}  // namespace moult
