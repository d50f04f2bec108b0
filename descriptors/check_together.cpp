#include <algorithm>

#include "descriptors/base/text.hpp"
#include "descriptors/load.hpp"

namespace moult {

std::vector<Finding> check_together(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance) {
  std::vector<Finding> findings;
  if (appliance.id != maintenance.appliance)
    findings.push_back({maintenance.appliance_at, "appliance",
                        "this maintenance is for " + in_quotes(maintenance.appliance) + "; the appliance is " +
                            in_quotes(appliance.id) + " (" + appliance.id_at.text() + ")",
                        nearest(maintenance.appliance, std::vector<std::string>{appliance.id})});
  std::vector<std::string> names;
  for (const auto& machine : appliance.machines) names.push_back(machine.name);
  const auto place = appliance.machines.empty() ? appliance.source : appliance.machines.front().at.text();
  for (const auto& component : maintenance.components) {
    const auto* installed = appliance.find_component(component.name);
    if (installed != nullptr && installed->machine != component.machine)
      findings.push_back({component.machine_at,
                          "components." + component.name + ".machine",
                          "the appliance has this component on machine " + in_quotes(installed->machine) + " (" +
                              installed->at.text() + "), not on " + in_quotes(component.machine),
                          {}});
    if (appliance.find_machine(component.machine) != nullptr) continue;
    findings.push_back({component.machine_at, "components." + component.name + ".machine",
                        "the appliance has no machine " + in_quotes(component.machine) + "; it has " + joined(names) +
                            " (" + place + ")",
                        nearest(component.machine, names)});
  }
  return findings;
}

}  // namespace moult
