#include "drivers/libvirt/event_queue.hpp"

#include <utility>

namespace moult::virt {

void EventQueue::push(MachineEvent event) {
  const std::lock_guard lock(mutex_);
  if (events_.size() < kLimit) {
    events_.push_back(std::move(event));
  } else {
    events_.back() = MachineEvent{event.uri, "", MachineEventKind::missed};
  }
}

std::vector<MachineEvent> EventQueue::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

}  // namespace moult::virt
