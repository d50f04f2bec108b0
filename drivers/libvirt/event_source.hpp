#pragma once

#include <memory>
#include <vector>

#include "drivers/libvirt/handles.hpp"
#include "drivers/libvirt/host_events.hpp"

namespace moult::virt {

/// Callbacks registered on one connection; they tell of events from the event loop's thread.
struct Subscriptions {
  std::vector<int> ids;
  bool close_watched = false;
};

/// Subscribes to lifecycle, agent, unplugged devices, block jobs and the loss of the connection. What a hypervisor does
/// not offer is left out.
[[nodiscard]] Subscriptions subscribe(_virConnect* connection, const std::shared_ptr<HostEvents>& events);
void unsubscribe(_virConnect* connection, const Subscriptions& subscriptions);

}  // namespace moult::virt
