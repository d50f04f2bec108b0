#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "drivers/machine.hpp"

namespace moult {

/// Time, also simulated. Safe from several threads.
class Clock {
 public:
  using Steady = std::chrono::nanoseconds;  ///< since an arbitrary start, never backwards
  virtual ~Clock() = default;
  virtual Steady steady() const = 0;
  virtual std::chrono::system_clock::time_point utc() const = 0;
  /// Names the stretch of time within which steady() goes on, also from one process to the next: a host's boot.
  virtual std::string era() const = 0;
  virtual void sleep(Millis duration) = 0;
};

/// The machine's own clock.
[[nodiscard]] std::unique_ptr<Clock> make_system_clock();

}  // namespace moult
