#include "drivers/guest/client/helper_connector.hpp"

#include "drivers/guest/client/helper_session.hpp"

namespace moult::guest {

HelperConnector::HelperConnector(AgentAccess agent, ChannelOpener& channels, std::string helper, Clock& clock)
    : agent_(std::move(agent)), channels_(channels), helper_(std::move(helper)), clock_(clock) {}

Result<std::unique_ptr<GuestAccess>> HelperConnector::agent(const MachineRef& machine) { return agent_(machine); }

Result<std::unique_ptr<GuestSession>> HelperConnector::session(const std::string& run, const MachineRef& machine,
                                                               Millis boot) {
  auto session =
      std::make_unique<HelperSession>(HelperSession::Parts{agent_, channels_, helper_, clock_}, run, machine);
  if (auto begun = session->begin(boot); !begun) return pass(std::move(begun), "machine " + machine.name);
  return session;
}

}  // namespace moult::guest
