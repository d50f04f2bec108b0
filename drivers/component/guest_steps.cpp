#include "drivers/component/guest_steps.hpp"

#include <algorithm>

#include "descriptors/base/text.hpp"

namespace moult {
namespace {

constexpr std::size_t kLines = 12;
constexpr std::size_t kLineBytes = 400;

/// Updates need the administrator's programs, and messages whose words we know.
const std::map<std::string, std::string> kEnvironment{
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, {"LC_ALL", "C.UTF-8"}};

std::string command_name(const std::vector<std::string>& argv) {
  std::string name;
  for (std::size_t i = 0; i < std::min<std::size_t>(argv.size(), 3); ++i) name += (i == 0 ? "" : " ") + argv[i];
  return printable(name, 120) + (argv.size() > 3 ? " ..." : "");
}

Result<> units(GuestAccess& guest, const char* word, const std::vector<std::string>& names, const Deadline& deadline) {
  if (names.empty()) return {};
  std::vector<std::string> argv{"systemctl", word};
  argv.insert(argv.end(), names.begin(), names.end());
  MOULT_TRY(run_step(guest, argv, deadline.left()));
  return {};
}

}  // namespace

Millis Deadline::left() const { return std::max(std::chrono::ceil<Millis>(until_ - clock_.steady()), Millis{1}); }

std::string last_lines(const Outcome& outcome) {
  const bool said = outcome.err.find_first_not_of(" \r\n\t") != std::string::npos;
  const std::string& text = said ? outcome.err : outcome.out;
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (line.find_first_not_of(" \r\t") != std::string::npos) lines.push_back(printable(line, kLineBytes));
    at = end + 1;
  }
  if (lines.size() > kLines) lines.erase(lines.begin(), lines.end() - kLines);
  return lines.empty() ? "it said nothing" : joined(lines, "\n  ");
}

Command step_command(const std::vector<std::string>& argv, Millis timeout,
                     const std::map<std::string, std::string>& env) {
  Command command{argv, kEnvironment, {}, timeout};
  for (const auto& [name, value] : env) command.env[name] = value;
  return command;
}

Error step_failure(const std::vector<std::string>& argv, const Outcome& outcome) {
  return Error{Code::failed,
               command_name(argv) + " ended with " + std::to_string(outcome.exit_code) + ":\n  " + last_lines(outcome)};
}

Result<Outcome> run_step(GuestAccess& guest, const std::vector<std::string>& argv, Millis timeout,
                         const std::map<std::string, std::string>& env) {
  auto outcome = guest.run(step_command(argv, timeout, env));
  if (!outcome || outcome->good()) return outcome;
  return Unexpected(step_failure(argv, *outcome));
}

Result<> stop_units(GuestAccess& guest, const std::vector<std::string>& names, const Deadline& deadline) {
  return units(guest, "stop", names, deadline);
}

Result<> start_units(GuestAccess& guest, const std::vector<std::string>& names, const Deadline& deadline) {
  return units(guest, "start", names, deadline);
}

}  // namespace moult
