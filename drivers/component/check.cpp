#include <algorithm>
#include <charconv>

#include "descriptors/base/text.hpp"
#include "drivers/component/guest_steps.hpp"
#include "drivers/component_driver.hpp"

namespace moult {
namespace {

constexpr Millis kFirstPause{20}, kLongestPause{1000}, kOneTry{std::chrono::seconds{10}};
constexpr std::size_t kBodyLimit = 1U << 20;
constexpr std::size_t kShown = 200;

// No guest is sure to have curl; bash is essential on Debian. Constant scripts: port and path are arguments.
constexpr const char* kTcpScript = R"(exec 3<>"/dev/tcp/127.0.0.1/$1")";
constexpr const char* kHttpScript = R"(exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$2" "$1" >&3
exec head -c 1048576 <&3)";

/// One try: an empty text is good, any other says what was found.
using Try = Result<std::string>;

Argv argv_of(const CheckSpec& check) {
  const auto port = std::to_string(check.port);
  if (check.kind == CheckKind::http) return {"bash", "-c", kHttpScript, "moult-check", port, check.path};
  if (check.kind == CheckKind::tcp) return {"bash", "-c", kTcpScript, "moult-check", port};
  return check.command;
}

std::string what_for(const CheckSpec& check) {
  const auto port = std::to_string(check.port);
  if (check.kind == CheckKind::http) return "GET http://127.0.0.1:" + port + check.path + " in the guest";
  if (check.kind == CheckKind::tcp) return "a connection to port " + port + " in the guest";
  return "the check command " + printable(joined(check.command, " "), kShown);
}

/// What is wrong with an HTTP answer; empty when it is good.
std::string judge_http(const CheckSpec& check, const std::string& answer) {
  int status = 0;
  const auto space = answer.find(' ');
  if (answer.starts_with("HTTP/1.") && space != std::string::npos)
    std::from_chars(answer.data() + space + 1, answer.data() + answer.size(), status);
  if (status == 0) return answer.empty() ? "an empty answer" : "no HTTP answer but " + printable(answer, kShown);
  const auto head_end = answer.find("\r\n\r\n");
  const std::string body = head_end == std::string::npos ? "" : answer.substr(head_end + 4);
  const std::string shown = body.empty() ? "" : ": " + printable(body, kShown);
  if (status != check.status)
    return "status " + std::to_string(status) + " instead of " + std::to_string(check.status) + shown;
  if (body.find(check.contains) == std::string::npos) return "a body without " + in_quotes(check.contains) + shown;
  return {};
}

Try try_once(const CheckSpec& check, GuestAccess& guest, Millis timeout) {
  const Command command{argv_of(check), {}, {}, timeout, kBodyLimit};
  auto outcome = guest.run(command);
  if (!outcome && outcome.error().code == Code::timeout)
    return "no answer within " + std::to_string(timeout.count()) + " ms";
  if (!outcome) return pass(std::move(outcome), "check");
  if (!outcome->good() && outcome->out.empty())
    return "exit code " + std::to_string(outcome->exit_code) + ": " + last_lines(*outcome);
  if (check.kind == CheckKind::http) return judge_http(check, outcome->out);
  return outcome->good() ? "" : "exit code " + std::to_string(outcome->exit_code) + ": " + last_lines(*outcome);
}

}  // namespace

Result<> run_check(const CheckSpec& check, GuestAccess& guest, Clock& clock) {
  if (check.kind == CheckKind::none) return {};
  const Deadline deadline(clock, check.timeout);
  for (Millis pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    MOULT_ASSIGN(const auto wrong, try_once(check, guest, std::min(deadline.left(), kOneTry)));
    if (wrong.empty()) return {};
    if (deadline.passed() || deadline.left() <= pause)
      return fail(
          Code::failed,
          what_for(check) + " was not good within " + std::to_string(check.timeout.count()) + " ms; last: " + wrong,
          "look at the service's log in the clone; a longer `check.timeout` helps a service that starts slowly");
    clock.sleep(pause);
  }
}

}  // namespace moult
