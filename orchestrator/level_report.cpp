#include "orchestrator/level_report.hpp"

#include <map>
#include <nlohmann/json.hpp>

#include "orchestrator/text_table.hpp"

namespace moult {
namespace {

using nlohmann::json;

Millis took(const WorldView& world, const std::string& component) {
  const auto found = world.levels.find(component);
  return found == world.levels.end() ? Millis{0} : found->second.took;
}

LevelRow row_of(const PlannedComponent& planned, const WorldView& world) {
  LevelRow row{planned.name, planned.machine, {}, planned.target, planned.verdict, took(world, planned.name)};
  if (!planned.found.empty()) row.found = planned.found;
  return row;
}

LevelRow row_of(const InstalledComponent& installed, const WorldView& world) {
  LevelRow row{installed.name, installed.machine, {}, {}, Verdict::unreachable, took(world, installed.name)};
  const auto found = world.levels.find(installed.name);
  if (found == world.levels.end() || found->second.error) return row;
  row.found = found->second.level;
  row.verdict = row.found ? std::nullopt : std::optional(Verdict::missing);
  return row;
}

std::vector<Error> problems_in(const ApplianceDescriptor& appliance, const WorldView& world) {
  auto problems = machine_problems(appliance, world);
  std::map<std::string_view, const Error*> by_name;
  for (const auto& [component, found] : world.levels)
    if (found.error) by_name.emplace(component, &*found.error);
  for (const auto& [component, error] : by_name) problems.push_back(*error);
  return problems;
}

}  // namespace

LevelReport make_level_report(const ApplianceDescriptor& appliance, const MaintenanceDescriptor* maintenance,
                              const WorldView& world) {
  LevelReport report;
  report.appliance = appliance.id;
  report.machines = world.machines;
  if (maintenance != nullptr)
    for (const auto& planned : make_plan(appliance, *maintenance, world).components)
      report.rows.push_back(row_of(planned, world));
  for (const auto& installed : appliance.components)
    if (maintenance == nullptr || maintenance->find_component(installed.name) == nullptr)
      report.rows.push_back(row_of(installed, world));
  report.problems = problems_in(appliance, world);
  return report;
}

std::string levels_to_table(const LevelReport& report) {
  TextTable table({"COMPONENT", "MACHINE", "FOUND", "TARGET", "VERDICT", "TOOK"});
  for (const auto& row : report.rows)
    table.add({row.component, row.machine, row.found.value_or("-"), row.target.empty() ? "-" : row.target,
               row.verdict ? std::string(name_of(*row.verdict)) : "-", std::to_string(row.took.count()) + " ms"});
  return table.text();
}

std::string levels_to_json(const LevelReport& report) {
  json machines = json::array(), components = json::array();
  for (const auto& machine : report.machines)
    machines.push_back({{"name", machine.ref.name},
                        {"domain", machine.ref.domain},
                        {"uri", machine.ref.uri},
                        {"state", name_of(machine.facts.state)}});
  for (const auto& row : report.rows)
    components.push_back({{"name", row.component},
                          {"machine", row.machine},
                          {"found", row.found ? json(*row.found) : json()},
                          {"target", row.target.empty() ? json() : json(row.target)},
                          {"verdict", row.verdict ? json(name_of(*row.verdict)) : json()},
                          {"took_ms", row.took.count()}});
  return json{{"moult", "levels/v1"},
              {"appliance", report.appliance},
              {"machines", machines},
              {"components", components}}
             .dump(2) +
         "\n";
}

}  // namespace moult
