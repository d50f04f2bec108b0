#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "drivers/guest_session.hpp"

namespace moult {

/// The run's helpers in its guests, opened when first asked for and kept. Safe from several threads.
class Sessions {
 public:
  Sessions(GuestConnector& guests, std::string run, Millis boot) : guests_(guests), run_(std::move(run)), boot_(boot) {}

  /// What is asked before a session ends, by the thread that ends it: to let go of what lives in it.
  void before_end(std::function<void(const MachineRef&)> letting_go) { letting_go_ = std::move(letting_go); }
  /// The session of a machine (an original or a clone); owned by this object.
  Result<GuestSession*> of(const MachineRef& machine);
  /// Removes the helper from a machine's guest and forgets the session. Idempotent.
  Result<> remove(const MachineRef& machine);
  /// Forgets a session without touching the guest: the machine is gone, or goes on without us.
  void drop(const MachineRef& machine);

 private:
  struct Slot {
    std::mutex opening;
    std::unique_ptr<GuestSession> session;
  };
  std::shared_ptr<Slot> slot_of(const MachineRef& machine);

  GuestConnector& guests_;
  std::string run_;
  Millis boot_;
  std::function<void(const MachineRef&)> letting_go_ = [](const MachineRef&) {};
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;  ///< by URI and domain
};

}  // namespace moult
