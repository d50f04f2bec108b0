#include "drivers/guest/client/helper_session.hpp"

#include "drivers/guest/client/bootstrap.hpp"

namespace moult::guest {
namespace {

using namespace std::chrono_literals;

constexpr auto kAgentComesUp = 250ms;  // how often an agent that does not answer is asked
constexpr Millis kJoin{3'000};         // a helper that is there answers sooner

constexpr unsigned kTriesBetweenJoins = 8;

/// Errors after which the agent is asked again while there is time. The agent of a machine that is off is not.
bool may_pass(const Error& error) {
  return (error.code == Code::unreachable || error.code == Code::timeout) && error.disposition != Disposition::fail;
}

}  // namespace

HelperSession::HelperSession(Parts parts, std::string run, MachineRef machine)
    : parts_(std::move(parts)),
      run_(std::move(run)),
      port_(helper_port(run_)),
      machine_(std::move(machine)),
      remote_(
          Route{[this] { return parts_.channels.open(machine_, port_); }, [this](Millis most) { return revive(most); }},
          SessionOptions{run_}) {}

Result<> HelperSession::begin(Millis boot) {
  MOULT_TRY(parts_.channels.attach(machine_, port_));
  const auto deadline = parts_.clock.steady() + boot;
  for (unsigned tries = 1;; ++tries) {
    auto started = start_by_agent();
    if (started) return remote_.connect(boot);
    if (!may_pass(started.error())) return started;
    // The agent may be away for a while (its package is being updated) with the run's helper in place since earlier.
    if (tries % kTriesBetweenJoins == 0 && remote_.join(kJoin)) return {};
    if (parts_.clock.steady() + kAgentComesUp >= deadline) return pass(std::move(started), "wait for the guest agent");
    parts_.clock.sleep(kAgentComesUp);
  }
}

Result<> HelperSession::revive(Millis most) {
  const auto deadline = parts_.clock.steady() + most;
  for (;;) {
    auto started = start_by_agent();
    if (started || !may_pass(started.error())) return started;
    if (parts_.clock.steady() + kAgentComesUp >= deadline) return pass(std::move(started), "wait for the guest agent");
    parts_.clock.sleep(kAgentComesUp);
  }
}

Result<> HelperSession::start_by_agent() {
  MOULT_ASSIGN(const auto agent, parts_.agent(machine_));
  return Bootstrap(*agent, run_, parts_.helper).start();
}

Result<> HelperSession::remove() {
  auto removed = remove_from_guest();
  auto detached = parts_.channels.detach(machine_, port_);
  return removed ? detached : removed;
}

Result<> HelperSession::remove_from_guest() {
  if (remote_.join(kJoin) && remote_.remove()) return {};
  // It is gone, or it broke off half way: the agent knows, and can do without it.
  MOULT_ASSIGN(const auto agent, parts_.agent(machine_));
  return Bootstrap(*agent, run_, parts_.helper).evict();
}

}  // namespace moult::guest
