#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "descriptors/appliance.hpp"
#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/appliance_cloner.hpp"
#include "drivers/machine.hpp"

namespace moult {

enum class Verdict { current, old, newer, missing, unreachable };
[[nodiscard]] std::string_view name_of(Verdict verdict);

/// What probing one component found.
struct FoundLevel {
  std::optional<std::string> level;  ///< nothing: not installed
  std::optional<Error> error;        ///< the machine or the detection did not answer
  Millis took{0};
};
using FoundLevels = std::unordered_map<std::string, FoundLevel>;  ///< by component

struct PlannedComponent {
  std::string name, machine, found, target, scheme, update;  ///< found is empty when missing or unreachable
  Verdict verdict = Verdict::unreachable;
};

struct PlannedMachine {
  MachineRef ref;
  MachineFacts facts;
};

struct PlannedData {
  std::string set, component, machine, strategy, where;
  bool migrates = false;  ///< the component is updated and names a `migrate` command
  bool one_way = false;   ///< no `downgrade`, or a snapshot: a rollback cannot bring back what was written since the
                          ///< cutover
};

/// What is to happen and on what it rests. Computed by `make_plan`, approved by a person, executed as it stands.
struct Plan {
  std::string appliance, release;
  std::string appliance_file, appliance_sha256;
  std::string maintenance_file, maintenance_sha256;
  std::vector<PlannedMachine> machines;
  std::vector<PlannedComponent> components;
  std::vector<std::vector<std::string>> waves;  ///< names of old components
  std::vector<std::string> critical_path;
  std::vector<PlannedData> data;
  std::vector<SpaceNeed> space;
  std::string entry;                  ///< "haproxy notes", "none"
  std::vector<Error> blockers;        ///< why this plan cannot be applied; empty: it can
  std::vector<std::string> warnings;  ///< what a person should know

  [[nodiscard]] bool nothing_to_do() const { return waves.empty(); }
};

/// What was seen of the world, and nothing else.
struct WorldView {
  FoundLevels levels;
  std::vector<PlannedMachine> machines;
  std::map<std::string, Error> unreachable;  ///< by machine
  std::vector<SpaceNeed> space;
  std::vector<Error> data_problems;  ///< of data sets that cannot be carried, each with its place in the descriptor
  std::map<std::string, std::chrono::seconds> clocks_ahead{};  ///< by machine, of this host's clock
};

/// Computes the plan: verdicts, waves, blockers. Pure.
[[nodiscard]] Plan make_plan(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance,
                             const WorldView& world);

/// Names of the data sets from which there is no way back with what was written since the cutover.
[[nodiscard]] std::vector<std::string> one_way_sets(const Plan& plan);

/// The machines that cannot take part, as they are: absent, off, without an agent, or not answering. Pure.
[[nodiscard]] std::vector<Error> machine_problems(const ApplianceDescriptor& appliance, const WorldView& world);

/// Canonical JSON of a plan, and back. Error: invalid, naming the file's defect.
[[nodiscard]] std::string plan_to_json(const Plan& plan);
[[nodiscard]] Result<Plan> plan_from_json(const std::string& text);
/// What differs between the approved plan and the one that the present world gives, one line each; figures that move by
/// themselves (free space, allocated bytes) do not count.
[[nodiscard]] std::vector<std::string> plan_differences(const Plan& approved, const Plan& present);

/// What the audit log keeps of an approved plan: digests of both descriptors and of the plan, levels found and targets.
[[nodiscard]] std::string approval_facts(const Plan& plan);

/// The plan for people, as a table, and the update order as a Graphviz graph.
[[nodiscard]] std::string plan_to_table(const Plan& plan);
[[nodiscard]] std::string plan_to_dot(const Plan& plan, const MaintenanceDescriptor& maintenance);

}  // namespace moult
