#include "orchestrator/prober.hpp"

#include "drivers/component_driver.hpp"
#include "migration/data_preflight.hpp"
#include "orchestrator/guest_clock.hpp"

namespace moult {
namespace {

struct MachineView {
  PlannedMachine machine;
  std::optional<Error> unreachable;
  FoundLevels levels;
  std::vector<Error> data_problems;
  std::optional<std::chrono::seconds> clock_ahead;
};

/// What is asked of each machine.
struct Questions {
  const std::vector<LevelProbe>& levels;
  const MaintenanceDescriptor* data = nullptr;  ///< whose data sets are to be carried; null: none
};

Error named(Error error, const MachineRef& machine, const Location& at) {
  error.within("machine " + machine.name);
  if (!at.file.empty()) error.within(at.text());
  return error;
}

void detect_all(MachineView& view, const std::vector<LevelProbe>& probes, GuestAccess& guest, Clock& clock) {
  for (const auto& probe : probes) {
    if (probe.machine != view.machine.ref.name) continue;
    const auto begin = clock.steady();
    auto level = probe.find(guest);
    FoundLevel found;
    found.took = std::chrono::duration_cast<Millis>(clock.steady() - begin);
    if (level)
      found.level = std::move(*level);
    else
      found.error = named(std::move(level).error(), view.machine.ref, probe.at);
    view.levels[probe.component] = std::move(found);
  }
}

/// The machine's sets but one.
std::vector<const DataSpec*> others_than(const DataSpec& one, const std::string& machine,
                                         const MaintenanceDescriptor& maintenance) {
  std::vector<const DataSpec*> others;
  for (const auto& component : maintenance.components)
    for (const auto& data : component.data)
      if (component.machine == machine && &data != &one) others.push_back(&data);
  return others;
}

/// What stands against carrying the machine's sets. An error of the asking itself is a problem too.
void ask_about_data(MachineView& view, const MaintenanceDescriptor& maintenance, GuestAccess& guest) {
  const auto& ref = view.machine.ref;
  for (const auto& component : maintenance.components) {
    if (component.machine != ref.name) continue;
    for (const auto& data : component.data) {
      auto found = data_problems({data, view.machine.facts, guest, others_than(data, ref.name, maintenance)});
      if (!found) found = std::vector<Error>{std::move(found).error()};
      for (auto& problem : *found)
        view.data_problems.push_back(
            named(std::move(problem.within("data set " + component.name + "." + data.name)), ref, data.at));
    }
  }
}

void ask_guest(MachineView& view, const Questions& questions, const Location& at, Platform& platform) {
  auto guest = platform.guests().agent(view.machine.ref);
  if (!guest) {
    view.unreachable = named(std::move(guest).error(), view.machine.ref, at);
    return;
  }
  detect_all(view, questions.levels, **guest, platform.clock());
  if (questions.data == nullptr) return;
  ask_about_data(view, *questions.data, **guest);
  view.clock_ahead = clock_ahead(**guest, platform.clock());
}

void look_at(MachineView& view, const Questions& questions, const Location& at, Platform& platform) {
  auto facts = platform.lifecycle().inspect(view.machine.ref);
  if (!facts) {
    view.unreachable = named(std::move(facts).error(), view.machine.ref, at);
    return;
  }
  view.machine.facts = std::move(*facts);
  if (view.machine.facts.state == PowerState::running && view.machine.facts.has_agent)
    ask_guest(view, questions, at, platform);
}

std::vector<MachineRef> running_of(const WorldView& world) {
  std::vector<MachineRef> running;
  for (const auto& machine : world.machines)
    if (machine.facts.state == PowerState::running && world.unreachable.count(machine.ref.name) == 0)
      running.push_back(machine.ref);
  return running;
}

WorldView look_at_machines(const ApplianceDescriptor& appliance, const Questions& questions, Platform& platform) {
  std::vector<MachineView> views(appliance.machines.size());
  std::vector<Workers::Job> jobs;
  for (std::size_t i = 0; i < views.size(); ++i) {
    views[i].machine.ref = ref_of(appliance, appliance.machines[i]);
    jobs.emplace_back([&, i]() -> Result<> {
      look_at(views[i], questions, appliance.machines[i].at, platform);
      return {};
    });
  }
  (void)platform.workers().all(std::move(jobs));  // each job keeps its own errors
  WorldView world;
  for (auto& view : views) {
    world.levels.merge(view.levels);
    world.data_problems.insert(world.data_problems.end(), view.data_problems.begin(), view.data_problems.end());
    if (view.clock_ahead) world.clocks_ahead.emplace(view.machine.ref.name, *view.clock_ahead);
    const bool seen = !view.unreachable || !view.machine.facts.uuid.empty();
    if (view.unreachable) world.unreachable.emplace(view.machine.ref.name, std::move(*view.unreachable));
    if (seen) world.machines.push_back(std::move(view.machine));
  }
  return world;
}

}  // namespace

MachineRef ref_of(const ApplianceDescriptor& appliance, const MachineEntry& machine) {
  return {machine.name, appliance.uri_of(machine), machine.domain};
}

std::vector<LevelProbe> probes_of(const MaintenanceDescriptor& maintenance, Clock& clock) {
  std::vector<LevelProbe> probes;
  for (const auto& component : maintenance.components)
    probes.push_back({component.name, component.machine, component.detect.at,
                      [&maintenance, &component, &clock](GuestAccess& guest) {
                        return make_component_driver(maintenance, component, clock)->detect(guest);
                      }});
  return probes;
}

std::vector<LevelProbe> probes_of(const ApplianceDescriptor& appliance) {
  std::vector<LevelProbe> probes;
  for (const auto& component : appliance.components)
    probes.push_back({component.name, component.machine, component.detect.at,
                      [&component](GuestAccess& guest) -> Result<std::optional<std::string>> {
                        auto level = detect_level(component.detect, guest);
                        if (!level) return pass(std::move(level), "component " + component.name);
                        return level;
                      }});
  return probes;
}

WorldView look_at_levels(const ApplianceDescriptor& appliance, const std::vector<LevelProbe>& probes,
                         Platform& platform) {
  return look_at_machines(appliance, {probes}, platform);
}

WorldView look(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance, Platform& platform) {
  const auto levels = probes_of(maintenance, platform.clock());
  auto world = look_at_machines(appliance, {levels, &maintenance}, platform);
  if (auto space = platform.cloner().space(running_of(world)))
    world.space = std::move(*space);
  else
    world.unreachable.emplace("disk space", std::move(space).error());
  return world;
}

}  // namespace moult
