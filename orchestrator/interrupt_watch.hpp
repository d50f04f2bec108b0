#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "orchestrator/run_context.hpp"

namespace moult {

/// Makes an interrupt, and what `moult abort` asks for before `ready`, take effect while a long command runs on a
/// clone: until `ready` the clones are powered off, which ends every call into them; undoing the run discards them
/// anyway. One thread, joined at the end.
class InterruptWatch {
 public:
  explicit InterruptWatch(RunContext& run);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  void watch();
  void hear();
  [[nodiscard]] std::optional<RunState> state() const;

  RunContext& run_;
  std::mutex mutex_;
  std::condition_variable over_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace moult
