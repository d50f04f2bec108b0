#pragma once

#include "drivers/entry.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

class SimEntry final : public Entry {
 public:
  explicit SimEntry(World& world) : world_(world) {}
  bool can_hold() const override { return world_.gate().can_hold; }
  Result<> ready(Millis ttl) override;
  Result<> hold(Millis ttl) override;
  Result<> drain(Millis deadline) override;
  Result<> release() override;
  Result<EntryState> where() override;
  Result<> check(Millis deadline) override;

 private:
  World& world_;
};

}  // namespace moult::sim
