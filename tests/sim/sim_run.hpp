#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "drivers/sim/platform.hpp"
#include "orchestrator/conductor.hpp"
#include "orchestrator/store/store.hpp"

namespace moult::test {

/// An appliance of two machines, three old components of four, one data set whose form changes.
[[nodiscard]] SimOptions two_machines(std::uint64_t seed);

struct Hooks final : Observer {
  void state_changed(RunState state) override {
    if (on_state) on_state(state);
  }
  void cutover_part(std::string_view part, double ms) override {
    if (on_part) on_part(part, ms);
  }
  void note(const std::string& text) override {
    if (on_word) on_word(text);
  }
  void warn(const std::string& text) override {
    if (on_word) on_word(text);
  }
  std::function<void(RunState)> on_state;
  std::function<void(const std::string& text)> on_word;
  std::function<void(std::string_view part, double ms)> on_part;
};

/// One run of the real orchestrator in a simulated world, with all that can be asked about it afterwards.
class SimRun {
 public:
  using Action = Result<RunEnd> (Conductor::*)();

  /// `spool` is a directory of the run's own on the real disk; only updates that reboot write there. Throws where the
  /// options make no world.
  explicit SimRun(SimOptions options, RunOptions run_options = {}, std::string spool = "/nonexistent");

  /// Plans and takes the run through its states.
  Result<RunEnd> go();
  /// What a second process does later: reads nothing but store and world.
  Result<RunEnd> again(Action action);

  [[nodiscard]] sim::World& world() { return platform_->world(); }
  /// Called with each state that the run enters.
  void on_state(std::function<void(RunState)> hook) { observer_.on_state = std::move(hook); }
  /// Called with each part of a cutover, and how long it took.
  void on_part(std::function<void(std::string_view, double)> hook) { observer_.on_part = std::move(hook); }
  /// Called with what a person is told.
  void on_word(std::function<void(const std::string&)> hook) { observer_.on_word = std::move(hook); }
  [[nodiscard]] Platform& platform() { return *platform_; }
  /// Lets clients work.
  void serve_for(int seconds) { platform_->clock().sleep(std::chrono::seconds{seconds}); }
  [[nodiscard]] Store& store() { return store_ ? *store_ : *disk_; }
  /// From now on each write of the journal is a call on the world: it takes time, and meets faults.
  void journal_in_world();
  [[nodiscard]] Interrupt& interrupt() { return *interrupt_; }
  void forget_interrupt() { interrupt_.emplace(); }
  /// False: the plan was refused, so there is no run.
  [[nodiscard]] bool begun() { return store().journal().run("r1").has_value(); }
  [[nodiscard]] RunState state();
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] std::string violations();

 private:
  RunContext::Work work();
  SimOptions options_;
  RunOptions run_options_;
  std::string spool_;
  std::unique_ptr<SimPlatform> platform_;
  std::unique_ptr<Store> disk_ = make_memory_store();
  std::unique_ptr<Store> store_;
  Hooks observer_;
  std::optional<Interrupt> interrupt_{std::in_place};
  Plan plan_;
};

}  // namespace moult::test
