#pragma once

#include <atomic>

#include "descriptors/base/result.hpp"

namespace moult {

/// A person's or another process's wish that a run stops. Set from a signal handler or any thread; never taken back.
class Interrupt {
 public:
  void ask() noexcept { asked_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool asked() const noexcept { return asked_.load(std::memory_order_relaxed); }
  /// Error interrupted when it was asked for: called between steps.
  [[nodiscard]] Result<> check() const {
    if (asked()) return fail(Code::interrupted, "stopped on request", "Start again when you are ready.");
    return {};
  }

 private:
  static_assert(std::atomic<bool>::is_always_lock_free);
  std::atomic<bool> asked_{false};
};

}  // namespace moult
