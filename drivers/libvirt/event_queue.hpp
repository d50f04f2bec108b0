#pragma once

#include <mutex>

#include "drivers/machine_events.hpp"

namespace moult::virt {

/// Keeps events until they are taken; a bounded number, and says so when more came.
class EventQueue : public MachineEvents {
 public:
  static constexpr std::size_t kLimit = 4096;
  void push(MachineEvent event);
  std::vector<MachineEvent> take() override;

 private:
  std::mutex mutex_;
  std::vector<MachineEvent> events_;
};

}  // namespace moult::virt
