#pragma once

#include "drivers/guest/client/helper_connector.hpp"
#include "drivers/guest/client/remote_session.hpp"

namespace moult::guest {

/// A session that knows how its helper comes into the guest and out of it.
class HelperSession : public GuestSession {
 public:
  struct Parts {
    AgentAccess agent;
    ChannelOpener& channels;
    std::string helper;
    Clock& clock;
  };
  HelperSession(Parts parts, std::string run, MachineRef machine);

  /// Attaches the channel, waits for the agent, puts the helper in place and connects, all within `boot`.
  Result<> begin(Millis boot);
  GuestAccess& access() override { return remote_.access(); }
  GuestFiles& files() override { return remote_.files(); }
  bool alive(Millis deadline) override { return remote_.alive(deadline); }
  Result<> announce() override { return remote_.announce(); }
  Result<TcpConnections> connections() override { return remote_.connections(); }
  Result<> tickle(const TcpConnections& connections) override { return remote_.tickle(connections); }
  Result<> remove() override;

 private:
  Result<> revive(Millis most);
  Result<> start_by_agent();
  Result<> remove_from_guest();

  const Parts parts_;
  const std::string run_, port_;
  const MachineRef machine_;
  RemoteSession remote_;
};

}  // namespace moult::guest
