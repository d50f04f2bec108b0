#pragma once

#include <optional>
#include <string>
#include <utility>

#include "catch.hpp"
#include "drivers/sim/world.hpp"
#include "tests/sim/sim_run.hpp"

// What the tests of disks that change hands share.
namespace moult::test {

inline const MachineRef kApp{"app", "sim:///one", "notes-app"};
inline const HandedDisk kDisk{"r1", kApp, "vdb"};

[[nodiscard]] inline SimOptions with_disk(std::uint64_t seed) {
  auto options = two_machines(seed);
  auto& data = options.maintenance.components.front().data.front();
  data.kind = DataKind::handover;
  data.conflict.clear();
  data.handover.disk = "vdb";
  return options;
}

[[nodiscard]] inline RunOptions patient() {
  RunOptions options;
  options.max_stall = Millis{20'000};
  return options;
}

[[nodiscard]] inline std::optional<DiskImage> held(SimRun& run, DiskSide side) {
  const auto image = run.platform().disks().held(kDisk, side);
  REQUIRE(image);
  return *image;
}

[[nodiscard]] inline std::string text_of(const Result<RunEnd>& end) { return end ? "" : end.error().describe(); }

struct Killed {};

[[nodiscard]] inline sim::FaultPlan deadly(sim::FaultPlan plan) {
  plan.on_kill = [] { throw Killed{}; };
  return plan;
}

/// False: the process died.
template <typename Act>
[[nodiscard]] bool lives(SimRun& run, Act act) {
  bool alive = true;
  try {
    (void)act();
  } catch (const Killed&) {
    alive = false;
  }
  run.world().faults().set({});
  run.on_state({});
  run.world().revive();
  return alive;
}

/// The first cutover meets this; a later one does not.
inline void meet_in_cutover(SimRun& run, const sim::FaultPlan& plan) {
  run.on_state([&run, plan, met = false](RunState entered) mutable {
    if (entered == RunState::cutting_over && !std::exchange(met, true)) run.world().faults().set(plan);
  });
}

/// Nothing keeps clients from the clone once it is reached, so what they wrote there must come back with the disk.
[[nodiscard]] inline SimOptions without_hold(std::uint64_t seed) {
  auto options = with_disk(seed);
  options.appliance.entry.kind = EntryKind::none;
  return options;
}

[[nodiscard]] inline SimOptions with_snapshot(std::uint64_t seed) {
  auto options = with_disk(seed);
  options.maintenance.components.front().data.front().handover.keeps_snapshot = true;
  return options;
}

[[nodiscard]] inline RunOptions with_losses() {
  auto options = patient();
  options.accept_one_way = true;
  return options;
}

inline void take_up(SimRun& run) {
  if (is_over(run.state())) return;
  const auto end = run.again(&Conductor::resume);
  INFO("taken up: " << text_of(end));
  CHECK((end || is_over(run.state())));
}

inline void serves_whole(SimRun& run) {
  run.serve_for(10);
  CHECK(run.world().serves());
  CHECK(run.violations() == "");
}

}  // namespace moult::test
