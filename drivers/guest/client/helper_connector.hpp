#pragma once

#include <functional>
#include <memory>
#include <string>

#include "drivers/channel_opener.hpp"
#include "drivers/clock.hpp"
#include "drivers/guest_session.hpp"

namespace moult::guest {

/// Access to a machine through its guest agent.
using AgentAccess = std::function<Result<std::unique_ptr<GuestAccess>>(const MachineRef&)>;

/// Reaches guests through a helper that is pushed with the guest agent and spoken to over a channel of its own.
/// Sessions borrow all that is given here; the connector must outlive them. Thread-safe as far as its parts are.
class HelperConnector : public GuestConnector {
 public:
  /// `helper`: path of the static helper program on this host.
  HelperConnector(AgentAccess agent, ChannelOpener& channels, std::string helper, Clock& clock);
  Result<std::unique_ptr<GuestAccess>> agent(const MachineRef& machine) override;
  Result<std::unique_ptr<GuestSession>> session(const std::string& run, const MachineRef& machine,
                                                Millis boot) override;

 private:
  const AgentAccess agent_;
  ChannelOpener& channels_;
  const std::string helper_;
  Clock& clock_;
};

}  // namespace moult::guest
