#include "orchestrator/prober.hpp"

#include <mutex>

#include "drivers/component_driver.hpp"

namespace moult {
namespace {

struct MachineView {
  PlannedMachine machine;
  std::optional<Error> unreachable;
  FoundLevels levels;
};

Error named(Error error, const MachineRef& machine, const Location& at) {
  error.within("machine " + machine.name);
  if (!at.file.empty()) error.within(at.text());
  return error;
}

void detect_all(MachineView& view, const MaintenanceDescriptor& maintenance, const Location& at, Platform& platform) {
  auto guest = platform.guests().agent(view.machine.ref);
  if (!guest) {
    view.unreachable = named(std::move(guest).error(), view.machine.ref, at);
    return;
  }
  for (const auto& component : maintenance.components) {
    if (component.machine != view.machine.ref.name) continue;
    const auto begin = platform.clock().steady();
    auto level = make_component_driver(maintenance, component, platform.clock())->detect(**guest);
    FoundLevel found;
    found.took = std::chrono::duration_cast<Millis>(platform.clock().steady() - begin);
    if (level)
      found.level = *level;
    else
      found.error = named(std::move(level).error(), view.machine.ref, component.detect.at);
    view.levels[component.name] = std::move(found);
  }
}

void look_at(MachineView& view, const MaintenanceDescriptor& maintenance, const Location& at, Platform& platform) {
  auto facts = platform.lifecycle().inspect(view.machine.ref);
  if (!facts) {
    view.unreachable = named(std::move(facts).error(), view.machine.ref, at);
    return;
  }
  view.machine.facts = std::move(*facts);
  if (view.machine.facts.state == PowerState::running && view.machine.facts.has_agent)
    detect_all(view, maintenance, at, platform);
}

}  // namespace

MachineRef ref_of(const ApplianceDescriptor& appliance, const MachineEntry& machine) {
  return {machine.name, appliance.uri_of(machine), machine.domain};
}

WorldView look(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance, Platform& platform) {
  std::vector<MachineView> views(appliance.machines.size());
  std::vector<Workers::Job> jobs;
  for (std::size_t i = 0; i < views.size(); ++i) {
    views[i].machine.ref = ref_of(appliance, appliance.machines[i]);
    jobs.emplace_back([&, i]() -> Result<> {
      look_at(views[i], maintenance, appliance.machines[i].at, platform);
      return {};
    });
  }
  (void)platform.workers().all(std::move(jobs));  // each job keeps its own errors
  WorldView world;
  std::vector<MachineRef> running;
  for (auto& view : views) {
    if (view.unreachable)
      world.unreachable.emplace(view.machine.ref.name, std::move(*view.unreachable));
    else if (view.machine.facts.state == PowerState::running)
      running.push_back(view.machine.ref);
    world.levels.merge(view.levels);
    if (!view.unreachable || !view.machine.facts.uuid.empty()) world.machines.push_back(std::move(view.machine));
  }
  if (auto space = platform.cloner().space(running))
    world.space = std::move(*space);
  else
    world.unreachable.emplace("disk space", std::move(space).error());
  return world;
}

}  // namespace moult
