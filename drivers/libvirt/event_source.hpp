#pragma once

#include <memory>
#include <string>
#include <vector>

#include "drivers/libvirt/event_queue.hpp"
#include "drivers/libvirt/handles.hpp"

namespace moult::virt {

/// Callbacks registered on one connection; they push into the queue from the event loop's thread.
struct Subscriptions {
  std::vector<int> ids;
  bool close_watched = false;
};

/// Subscribes to lifecycle, agent, disk errors and the loss of the connection. What a hypervisor does not offer is left
/// out.
[[nodiscard]] Subscriptions subscribe(_virConnect* connection, const std::string& uri,
                                      const std::shared_ptr<EventQueue>& queue);
void unsubscribe(_virConnect* connection, const Subscriptions& subscriptions);

}  // namespace moult::virt
