// What another program would use moult as a library for: the seams, and a plan in a simulated world.
#include <descriptors/load.hpp>
#include <drivers/component_driver.hpp>
#include <drivers/entry.hpp>
#include <drivers/host_command.hpp>
#include <drivers/platform.hpp>
#include <drivers/sim/platform.hpp>
#include <migration/data_strategy.hpp>
#include <orchestrator/conductor.hpp>
#include <orchestrator/level_report.hpp>
#include <orchestrator/prober.hpp>
#include <orchestrator/store/store.hpp>

int main() {
  moult::SimOptions options;
  options.appliance.id = "org.example.one";
  options.appliance.hosts["here"] = "sim:///one";
  options.appliance.machines = {{"one", "here", "one", {}}};
  moult::Component component;
  component.name = "thing";
  component.machine = "one";
  component.level.to = "2.0.0";
  component.detect.command = {"detect"};
  component.update.command = {"update"};
  options.maintenance.components = {component};
  const auto platform = moult::make_sim_platform(options);
  if (!platform) return 1;
  const auto plan = moult::make_plan(options.appliance, options.maintenance,
                                     moult::look(options.appliance, options.maintenance, **platform));
  return plan.waves.size() == 1 ? 0 : 2;
}
