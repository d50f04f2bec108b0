#include "tests/bench/measures/generated.hpp"

#include <random>

namespace moult::bench {

NumberEdges edges_of(std::size_t components) {
  NumberEdges edges;
  std::minstd_rand random(1);
  for (std::size_t after = 2; after < components; ++after) {
    const auto first = random() % after, second = random() % after;
    edges.emplace_back(first, after);
    if (second != first) edges.emplace_back(second, after);
  }
  return edges;
}

std::string name_of(std::size_t component) { return std::string("c").append(std::to_string(component)); }
std::string machine_of(std::size_t component) { return std::string("m").append(std::to_string(component % 4)); }

MaintenanceDescriptor maintenance_of(std::size_t components) {
  MaintenanceDescriptor maintenance;
  maintenance.appliance = "org.example.generated";
  maintenance.release = "2.0.0";
  maintenance.components.resize(components);
  for (std::size_t i = 0; i < components; ++i) {
    auto& component = maintenance.components[i];
    const Location at{"generated.yaml", static_cast<int>(i) + 5, 3};
    component.name = name_of(i);
    component.machine = machine_of(i);
    component.level.to = "2.0.0";
    component.level.from = ">=1.0.0";
    component.detect.command = {"level"};
    component.update.command = {"update"};
    component.at = component.machine_at = component.level.at = component.detect.at = component.update.at = at;
  }
  for (const auto& [before, after] : edges_of(components)) {
    maintenance.components[after].after.push_back(name_of(before));
    maintenance.components[after].after_at.push_back(maintenance.components[after].at);
  }
  return maintenance;
}

}  // namespace moult::bench
