#pragma once

#include "drivers/clock.hpp"
#include "drivers/sim/world.hpp"
#include "drivers/workers.hpp"

namespace moult::sim {

/// The world's time. A process that was killed has a time of its own, which no longer moves the world, so that whatever
/// it still waits for comes to its end.
class SimClock final : public Clock {
 public:
  explicit SimClock(World& world) : world_(world) {}
  Steady steady() const override;
  std::chrono::system_clock::time_point utc() const override;
  std::string era() const override { return "sim"; }
  void sleep(Millis duration) override;

 private:
  World& world_;
  Time afterlife_ = 0;
};

/// One job after another, in an order that the seed chooses; together they take as long as the longest.
class SimWorkers final : public Workers {
 public:
  explicit SimWorkers(World& world) : world_(world) {}
  Result<> all(std::vector<Job> jobs) override;

 private:
  World& world_;
};

}  // namespace moult::sim
