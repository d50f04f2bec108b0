#include "drivers/entry/command/command_entry.hpp"

#include <algorithm>
#include <sstream>

#include "descriptors/base/text.hpp"
#include "drivers/entry/http_check.hpp"
#include "drivers/host_command.hpp"

namespace moult {
namespace {

/// Entry's calls end within a second.
constexpr Millis kCallDeadline{1000};
/// A drain's command gets this much longer than its own deadline, so that it can say what is left.
constexpr Millis kGrace{200};

Result<Outcome> run_word(const char* word, const std::vector<std::string>& argv, Millis timeout,
                         std::map<std::string, std::string> env = {}) {
  Command command{argv, std::move(env), {}, timeout, 1U << 16};
  auto outcome = run_on_host(command);
  if (!outcome) return pass(std::move(outcome), std::string("entry command ") + word);
  if (outcome->good()) return outcome;
  return fail(Code::failed, std::string("the entry's ") + word + " command ended with " +
                                std::to_string(outcome->exit_code) + ": " +
                                in_quotes(outcome->err.empty() ? outcome->out : outcome->err));
}

}  // namespace

Result<> CommandEntry::ready(Millis) {
  return where().map([](const EntryState&) {});
}

Result<> CommandEntry::hold(Millis ttl) {
  MOULT_TRY(run_word("hold", spec_.hold, kCallDeadline, {{"MOULT_TTL_MS", std::to_string(ttl.count())}}));
  return {};
}

Result<> CommandEntry::drain(Millis deadline) {
  MOULT_TRY(
      run_word("drain", spec_.drain, deadline + kGrace, {{"MOULT_DEADLINE_MS", std::to_string(deadline.count())}}));
  return {};
}

Result<> CommandEntry::release() {
  MOULT_TRY(run_word("release", spec_.release, kCallDeadline));
  return {};
}

Result<EntryState> CommandEntry::where() {
  MOULT_ASSIGN(const auto outcome, run_word("where", spec_.where, kCallDeadline));
  std::istringstream words(outcome.out);
  std::string state, rest;
  std::uint64_t in_flight = 0;
  const bool count_good = (words >> state >> in_flight) && !(words >> rest);
  if (count_good && (state == "holding" || state == "open")) return EntryState{state == "holding", in_flight};
  return fail(Code::failed, "the entry's where command printed " + in_quotes(outcome.out),
              "it must print `holding N` or `open N`, N being the requests in flight");
}

Result<> CommandEntry::check(Millis deadline) {
  if (spec_.check_url.empty()) return {};
  return check_through(spec_.check_url, deadline);
}

}  // namespace moult
