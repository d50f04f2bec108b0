#pragma once

#include <memory>
#include <string>
#include <vector>

#include "drivers/platform.hpp"
#include "migration/data_strategy.hpp"
#include "orchestrator/interrupt.hpp"
#include "orchestrator/ledger.hpp"
#include "orchestrator/plan.hpp"
#include "orchestrator/run_options.hpp"
#include "orchestrator/sessions.hpp"

namespace moult {

/// One machine of the run in both its forms.
struct MachinePair {
  MachineRef original, clone;
};

/// What all phases of one run share. Everything referred to outlives it.
class RunContext {
 public:
  struct World {
    Platform& platform;
    Store& store;
    Observer& observer;
    Interrupt& interrupt;
  };
  struct Work {
    std::string id, actor, spool;  ///< spool: a directory of the run's own on this host
    ApplianceDescriptor appliance;
    MaintenanceDescriptor maintenance;
    Plan plan;
    RunOptions options;
  };
  RunContext(World world, Work work);

  [[nodiscard]] const std::string& id() const { return work.id; }
  [[nodiscard]] const std::vector<MachinePair>& machines() const { return machines_; }
  [[nodiscard]] const MachinePair& machine(const std::string& name) const;
  [[nodiscard]] Platform& platform() { return world.platform; }
  /// The component of a planned data set.
  [[nodiscard]] const Component& component(const std::string& name) const;
  /// What the descriptor says of a planned data set.
  [[nodiscard]] const DataSpec& spec_of(const PlannedData& planned) const;
  [[nodiscard]] bool is_updated(const std::string& component) const;

  /// Runs one job a machine, side by side.
  Result<> each_machine(const std::function<Result<>(const MachinePair&)>& job);
  /// Runs a vendor's hook; an empty one is nothing. Error: failed, with the command's last line.
  Result<> hook(const char* name, const Argv& argv, const MachineRef& machine);

  World world;
  Work work;
  Ledger ledger;
  Sessions sessions;
  std::vector<std::unique_ptr<DataStrategy>> forward;  ///< original -> clone, one for each planned set
  std::vector<std::unique_ptr<DataStrategy>> back;     ///< clone -> original, in the same order
  Millis hand_over_takes{0};  ///< of disks that change hands: as measured before the cutover, with a margin

 private:
  void build_strategies();
  void let_go(const MachineRef& machine);
  std::vector<MachinePair> machines_;
};

/// The URIs of the plan's hosts, each once.
[[nodiscard]] std::vector<std::string> hosts_of(const Plan& plan);

}  // namespace moult
