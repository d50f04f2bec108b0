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

/// What runs on the original: all of one way, and of the way back what receives.
std::set<std::string> programs_of(const HooksData& hooks) {
  std::set<std::string> programs;
  const auto& there = hooks.forward;
  for (const auto* command :
       {&there.capture, &there.round, &there.replay, &there.verify, &there.quiesce, &there.resume, &there.end})
    if (!command->empty()) programs.insert(command->front());
  if (hooks.one_way) return programs;
  for (const auto* command : {&hooks.back.replay, &hooks.back.verify}) programs.insert(command->front());
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

}  // namespace moult
