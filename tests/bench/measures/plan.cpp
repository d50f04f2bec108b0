// Planning, beside bare topological_sort of the same graph and, where a file is read, beside yaml-cpp alone.
#include "orchestrator/plan.hpp"

#include <malloc.h>
#include <sys/resource.h>
#include <yaml-cpp/yaml.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/topological_sort.hpp>
#include <iterator>
#include <unordered_map>

#include "descriptors/edges.hpp"
#include "descriptors/load.hpp"
#include "tests/bench/measures/generated.hpp"
#include "tests/bench/measures/measures.hpp"

namespace moult::bench {
namespace {

/// Boost's graph from numbers, and its order: nobody who sorts with Boost does less.
double sorting(const NumberEdges& edges, std::size_t vertices) {
  std::vector<std::size_t> order;
  const auto took = milliseconds([&] {
    using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS>;
    const Graph graph(edges.begin(), edges.end(), vertices);
    order.reserve(vertices);
    boost::topological_sort(graph, std::back_inserter(order));
  });
  must(order.size() == vertices, "the graph was not sorted");
  return took;
}

ApplianceDescriptor appliance_of(const MaintenanceDescriptor& maintenance) {
  ApplianceDescriptor appliance;
  appliance.id = maintenance.appliance;
  appliance.hosts["here"] = "sim:///one";
  for (std::size_t i = 0; i < 4; ++i) appliance.machines.push_back({machine_of(i), "here", machine_of(i), {}});
  return appliance;
}

/// Every machine runs, every component is old.
WorldView world_of(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance) {
  WorldView world;
  for (const auto& machine : appliance.machines) {
    PlannedMachine planned{{machine.name, "sim:///one", machine.domain}, {}};
    planned.facts.state = PowerState::running;
    planned.facts.has_agent = true;
    world.machines.push_back(std::move(planned));
  }
  for (const auto& component : maintenance.components)
    world.levels[component.name] = {std::string("1.0.0"), std::nullopt, Millis{0}};
  return world;
}

void check(const Plan& plan, std::size_t components) {
  must(plan.blockers.empty(), "the plan has blockers");
  std::size_t planned = 0;
  for (const auto& wave : plan.waves) planned += wave.size();
  must(planned == components, "components are missing from the waves");
}

NumberEdges numbers_of(const MaintenanceDescriptor& maintenance) {
  std::unordered_map<std::string, std::size_t> number;
  for (const auto& component : maintenance.components) number.emplace(component.name, number.size());
  NumberEdges edges;
  for (const auto& edge : moult::edges_of(maintenance))
    edges.emplace_back(number.at(edge.before), number.at(edge.after));
  return edges;
}

double live_bytes() {
  const auto info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

}  // namespace

nlohmann::json plan(std::size_t components) {
  const auto sort_ms = sorting(edges_of(components), components);
  ::malloc_trim(0);
  const auto empty = live_bytes();
  const auto maintenance = maintenance_of(components);
  const auto descriptor_bytes = live_bytes() - empty;
  const auto appliance = appliance_of(maintenance);
  const auto world = world_of(appliance, maintenance);
  const auto before = live_bytes(), peak_before = peak_bytes();
  Plan made;
  const auto plan_ms = milliseconds([&] { made = make_plan(appliance, maintenance, world); });
  check(made, components);
  const auto each = static_cast<double>(components);
  return {{"plan_ms", plan_ms},
          {"sort_ms", sort_ms},
          {"descriptor_bytes", descriptor_bytes / each},
          {"plan_bytes", (live_bytes() - before) / each},
          {"peak_bytes", (peak_bytes() - peak_before) / each}};
}

nlohmann::json plan_file(const std::string& path) {
  const auto yaml_ms = milliseconds([&] { must(YAML::LoadFile(path).IsMap(), "yaml-cpp found no mapping"); });
  const auto first = load_maintenance(path).value;
  const auto appliance = appliance_of(first);
  const auto world = world_of(appliance, first);
  Loaded<MaintenanceDescriptor> loaded;
  Plan made;
  const auto load_ms = milliseconds([&] {
    loaded = load_maintenance(path);
    must(loaded.good() && check_together(appliance, loaded.value).empty(), "the generated descriptor is not good");
  });
  const auto plan_ms = milliseconds([&] { made = make_plan(appliance, loaded.value, world); });
  check(made, loaded.value.components.size());
  const auto sort_ms = sorting(numbers_of(loaded.value), loaded.value.components.size());
  return {{"load_ms", load_ms}, {"plan_ms", plan_ms}, {"yaml_ms", yaml_ms}, {"sort_ms", sort_ms}};
}

}  // namespace moult::bench
