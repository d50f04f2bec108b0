#pragma once

#include <memory>
#include <string>

#include "drivers/sim/platform.hpp"
#include "orchestrator/conductor.hpp"
#include "orchestrator/store/store.hpp"

namespace moult::test {

/// An appliance of two machines, three old components of four, one data set whose form changes.
[[nodiscard]] SimOptions two_machines(std::uint64_t seed);

/// One run of the real orchestrator in a simulated world, with all that can be asked about it afterwards.
class SimRun {
 public:
  explicit SimRun(SimOptions options, RunOptions run_options = {});

  /// Plans and takes the run through its states.
  Result<RunEnd> go();
  /// What a second process does later: reads nothing but store and world.
  Result<RunEnd> again(Result<RunEnd> (Conductor::*action)());

  [[nodiscard]] sim::World& world() { return platform_->world(); }
  /// Lets clients work.
  void serve_for(int seconds) { platform_->clock().sleep(std::chrono::seconds{seconds}); }
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Interrupt& interrupt() { return interrupt_; }
  /// False: the plan was refused, so there is no run.
  [[nodiscard]] bool begun() { return store_->journal().run("r1").has_value(); }
  [[nodiscard]] RunState state();
  [[nodiscard]] std::string violations();

 private:
  RunContext::Work work();
  SimOptions options_;
  RunOptions run_options_;
  std::unique_ptr<SimPlatform> platform_;
  std::unique_ptr<Store> store_ = make_memory_store();
  Observer observer_;
  Interrupt interrupt_;
  Plan plan_;
};

}  // namespace moult::test
