#include <algorithm>
#include <chrono>
#include <set>
#include <string_view>
#include <unordered_map>

#include "descriptors/base/text.hpp"
#include "descriptors/edges.hpp"
#include "descriptors/level.hpp"
#include "descriptors/update_order.hpp"
#include "orchestrator/guest_clock.hpp"
#include "orchestrator/plan.hpp"

namespace moult {
namespace {

std::string_view name_of(DriverKind kind) {
  switch (kind) {
    case DriverKind::deb:
      return "deb";
    case DriverKind::archive:
      return "archive";
    case DriverKind::command:
      return "command";
  }
  return "command";
}

Error blocker(Code code, const Location& at, std::string message, std::string remedy) {
  return Error{code, at.text() + ": " + std::move(message), std::move(remedy), {}, Disposition::fail};
}

/// Judges one component from what was found; adds the reasons against applying to `blockers`.
PlannedComponent judge(const Component& component, const FoundLevels& levels, std::vector<Error>& blockers) {
  PlannedComponent row{component.name,
                       component.machine,
                       {},
                       component.level.to,
                       std::string(name_of(component.level.scheme)),
                       std::string(name_of(component.update.kind)),
                       Verdict::unreachable};
  const auto found = levels.find(component.name);
  if (found == levels.end() || found->second.error) {
    if (found != levels.end()) blockers.push_back(*found->second.error);
    return row;
  }
  if (!found->second.level) {
    row.verdict = Verdict::missing;
    blockers.push_back(blocker(Code::refused, component.detect.at,
                               "component " + component.name + " is not installed on machine " + component.machine,
                               "Install it first, or remove it from the maintenance descriptor."));
    return row;
  }
  row.found = *found->second.level;
  const auto order = compare_levels(component.level.scheme, row.found, component.level.to);
  if (!order) {
    blockers.push_back(order.error());
    return row;
  }
  row.verdict = std::is_lt(*order) ? Verdict::old : std::is_gt(*order) ? Verdict::newer : Verdict::current;
  if (row.verdict == Verdict::newer)
    blockers.push_back(blocker(Code::refused, component.level.at,
                               "component " + component.name + " is at " + row.found + ", newer than the target " +
                                   component.level.to + "; moult never downgrades",
                               "Ask the vendor for a descriptor that covers " + row.found + "."));
  return row;
}

void check_from(const Component& component, const PlannedComponent& row, std::vector<Error>& blockers) {
  if (row.verdict != Verdict::old) return;
  const auto allowed = satisfies(component.level.scheme, row.found, component.level.from);
  if (!allowed)
    blockers.push_back(allowed.error());
  else if (!*allowed)
    blockers.push_back(blocker(Code::refused, component.level.at,
                               "component " + component.name + " is at " + row.found +
                                   ", and this release starts from " + component.level.from,
                               "Upgrade to an intermediate release first."));
}

/// Rows of a plan by the names of their components, which the maintenance has in the same order.
using RowNumbers = std::unordered_map<std::string_view, std::size_t>;

RowNumbers numbers_of(const MaintenanceDescriptor& maintenance) {
  RowNumbers numbers;
  numbers.reserve(maintenance.components.size());
  for (const auto& component : maintenance.components) numbers.emplace(component.name, numbers.size());
  return numbers;
}

/// A requirement is met by the level that the required component will have when this one is updated.
void check_requirement(const Component& component, const Requirement& requirement, const Component& other,
                       const PlannedComponent& row, std::vector<Error>& blockers) {
  const auto& level = row.verdict == Verdict::old ? row.target : row.found;
  if (level.empty()) return;  // missing or unreachable: said already
  const auto met = satisfies(other.level.scheme, level, requirement.constraint);
  if (!met || !*met)
    blockers.push_back(met ? blocker(Code::refused, requirement.at,
                                     "component " + component.name + " requires " + other.name + " " +
                                         requirement.constraint + ", which will be at " + level,
                                     "Ask the vendor for a release that fits.")
                           : met.error());
}

void check_requires(Plan& plan, const MaintenanceDescriptor& maintenance) {
  const auto& all = maintenance.components;
  if (std::all_of(all.begin(), all.end(), [](const auto& component) { return component.requires_.empty(); })) return;
  const auto numbers = numbers_of(maintenance);
  for (const auto& component : all)
    for (const auto& requirement : component.requires_)
      if (const auto other = numbers.find(requirement.component); other != numbers.end())
        check_requirement(component, requirement, maintenance.components[other->second], plan.components[other->second],
                          plan.blockers);
}

void order(Plan& plan, const MaintenanceDescriptor& maintenance) {
  std::vector<std::string> old;
  for (const auto& component : plan.components)
    if (component.verdict == Verdict::old) old.push_back(component.name);
  auto ordered = order_kept(old, edges_of(maintenance));
  if (auto* waves = std::get_if<Waves>(&ordered)) {
    plan.waves = std::move(waves->waves);
    plan.critical_path = std::move(waves->critical_path);
    return;
  }
  plan.blockers.push_back(Error{Code::invalid,
                                "the update order has a cycle:\n" + std::get<Cycle>(ordered).text(),
                                "Remove one of these edges from the maintenance descriptor.",
                                {},
                                Disposition::fail});
}

/// Where the data are, for people: files in their directory, anything else behind the vendor's program.
std::string place_of(const DataSpec& data) {
  if (data.kind == DataKind::native && data.hooks.port != 0)
    return "replication at port " + std::to_string(data.hooks.port);
  if (data.kind == DataKind::native) return "PostgreSQL at port " + std::to_string(data.postgresql.port);
  return data.kind == DataKind::hooks ? data.hooks.forward.round.front() : data.root;
}

/// Every data set is carried, also those of components that stay; only an updated component's data changes form.
void list_data(Plan& plan, const MaintenanceDescriptor& maintenance) {
  for (std::size_t i = 0; i < maintenance.components.size(); ++i)
    for (const auto& data : maintenance.components[i].data) {
      const bool migrates = !data.migrate.empty() && plan.components[i].verdict == Verdict::old;
      plan.data.push_back({maintenance.components[i].name + "." + data.name, maintenance.components[i].name,
                           maintenance.components[i].machine, std::string(name_of(data.kind)), place_of(data), migrates,
                           (migrates && data.downgrade.empty()) || data.hooks.one_way || data.postgresql.one_way ||
                               (data.handover.keeps_snapshot && plan.components[i].verdict == Verdict::old)});
    }
}

/// Of a set that has no way back, why it has none.
std::string why_one_way(const PlannedData& data) {
  if (data.strategy == name_of(DataKind::hooks) || data.strategy == name_of(DataKind::native))
    return " has no way back (`reverse: none`)";
  if (data.strategy == name_of(DataKind::handover)) return " goes back as it was when it was handed over";
  return " is migrated and names no `downgrade`";
}

/// A clone begins with its host's time.
void warn_of_clocks(Plan& plan, const WorldView& world) {
  for (const auto& [machine, ahead] : world.clocks_ahead) {
    if (std::chrono::abs(ahead) <= kClockTolerance) continue;
    plan.warnings.push_back("the clock of machine " + machine + " is " +
                            std::to_string(std::chrono::abs(ahead).count()) + " s " +
                            (ahead.count() > 0 ? "ahead of" : "behind") +
                            " this host's, which its clone starts with: clients may see the time jump at the cutover; "
                            "set it right before");
  }
}

void warn(Plan& plan, const ApplianceDescriptor& appliance) {
  if (appliance.entry.kind == EntryKind::none)
    plan.warnings.emplace_back("the entry cannot hold requests: clients see the switch itself");
  if (appliance.entry.check_url.empty())
    plan.warnings.emplace_back(
        "the entry names no `check`: nothing is asked through it after the switch, and nothing switches back by "
        "itself");
  for (const auto& data : plan.data)
    if (data.one_way)
      plan.warnings.push_back(
          "data set " + data.set + why_one_way(data) +
          ": from the cutover on, a rollback loses what was written to it since; `moult upgrade` and `moult rollback` "
          "ask for --accept-one-way");
  for (const auto& machine : plan.machines)
    if (machine.facts.has_tpm)
      plan.warnings.push_back("machine " + machine.ref.name +
                              " has an emulated TPM, and its clone's starts empty: what the guest sealed to it (disk "
                              "keys, credentials) cannot be unsealed after the cutover");
  std::set<std::string> hosts;
  for (const auto& machine : plan.machines) hosts.insert(machine.ref.uri);
  if (hosts.size() > 1)
    plan.warnings.push_back(
        "machines are on " + std::to_string(hosts.size()) + " hosts (" +
        joined(std::vector(hosts.begin(), hosts.end())) +
        "): clones on different hosts cannot reach each other before the switch, so checks and hooks "
        "on a clone must not need a machine of another host");
}

/// A disk that changes hands has one overlay more: that in which goes on who was handed it.
void need_space(Plan& plan, const std::string& machine, const DataSpec& data) {
  if (data.kind != DataKind::handover) return;
  for (const auto& one : plan.machines)
    for (const auto& disk : one.facts.disks)
      for (auto& need : plan.space)
        if (one.ref.name == machine && disk.target == data.handover.disk && need.uri == one.ref.uri &&
            need.directory == disk.path.substr(0, disk.path.rfind('/')))
          need.needed_bytes += overlay_estimate(disk.allocated_bytes, disk.virtual_bytes);
}

std::uint64_t payload_bytes(const UpdateSpec& update, const MaintenanceDescriptor& maintenance) {
  std::set<std::string> needed(update.packages.begin(), update.packages.end());
  needed.insert(update.payload.begin(), update.payload.end());
  needed.insert(update.archive);
  std::uint64_t bytes = 0;
  for (const auto& file : maintenance.payload)
    if (needed.contains(file.name)) bytes += file.size;
  return bytes;
}

/// What an update brings is written to the clone's first disk, packed and unpacked.
void need_payload_space(Plan& plan, const MaintenanceDescriptor& maintenance) {
  for (std::size_t i = 0; i < plan.components.size(); ++i) {
    if (plan.components[i].verdict != Verdict::old) continue;
    const auto growth = update_estimate(payload_bytes(maintenance.components[i].update, maintenance));
    for (const auto& one : plan.machines) {
      if (one.ref.name != plan.components[i].machine || one.facts.disks.empty()) continue;
      const auto& path = one.facts.disks.front().path;
      for (auto& need : plan.space)
        if (need.uri == one.ref.uri && need.directory == path.substr(0, path.rfind('/'))) need.needed_bytes += growth;
    }
  }
}

void check_space(Plan& plan) {
  for (const auto& need : plan.space)
    if (need.needed_bytes > need.free_bytes)
      plan.blockers.push_back(Error{Code::no_space,
                                    need.directory + " on " + need.uri + " has " +
                                        std::to_string(need.free_bytes >> 20U) + " MiB free, and the run needs " +
                                        std::to_string(need.needed_bytes >> 20U) + " MiB",
                                    "Free space there, or move the disks.",
                                    {},
                                    Disposition::fail});
}

/// The same machine's silence reaches us through each of its components: said once.
void drop_repeats(std::vector<Error>& errors) {
  std::set<std::string> seen;
  std::erase_if(errors, [&](const Error& error) { return !seen.insert(error.describe()).second; });
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::current:
      return "current";
    case Verdict::old:
      return "old";
    case Verdict::newer:
      return "newer";
    case Verdict::missing:
      return "missing";
    case Verdict::unreachable:
      return "unreachable";
  }
  return "unreachable";
}

std::vector<std::string> one_way_sets(const Plan& plan) {
  std::vector<std::string> names;
  for (const auto& data : plan.data)
    if (data.one_way) names.push_back(data.set);
  return names;
}

std::vector<Error> machine_problems(const ApplianceDescriptor& appliance, const WorldView& world) {
  std::vector<Error> problems;
  for (const auto& [machine, error] : world.unreachable) problems.push_back(error);
  for (const auto& machine : world.machines) {
    const auto* entry = appliance.find_machine(machine.ref.name);
    const auto at = entry != nullptr ? entry->at : Location{};
    if (machine.facts.state == PowerState::absent)
      problems.push_back(blocker(
          Code::not_found, at,
          "machine " + machine.ref.name + ": there is no domain " + machine.ref.domain + " on " + machine.ref.uri,
          "Compare `virsh -c " + machine.ref.uri + " list --all` with the appliance descriptor."));
    else if (machine.facts.state != PowerState::running)
      problems.push_back(blocker(
          Code::refused, at, "machine " + machine.ref.name + " is " + name_of(machine.facts.state) + ", not running",
          std::string("Let it run: `virsh ") + (machine.facts.state == PowerState::paused ? "resume " : "start ") +
              machine.ref.domain + "`."));
    else if (!machine.facts.has_agent)
      problems.push_back(blocker(Code::unreachable, at, "machine " + machine.ref.name + " has no guest agent channel",
                                 "Install qemu-guest-agent in the guest and add a "
                                 "channel named org.qemu.guest_agent.0 to the domain."));
  }
  return problems;
}

Plan make_plan(const ApplianceDescriptor& appliance, const MaintenanceDescriptor& maintenance, const WorldView& world) {
  Plan plan;
  plan.appliance = appliance.id;
  plan.release = maintenance.release;
  plan.appliance_file = appliance.source;
  plan.appliance_sha256 = appliance.sha256;
  plan.maintenance_file = maintenance.source;
  plan.maintenance_sha256 = maintenance.sha256;
  plan.machines = world.machines;
  plan.space = world.space;
  plan.entry = appliance.entry.kind == EntryKind::haproxy   ? "haproxy " + appliance.entry.frontend
               : appliance.entry.kind == EntryKind::command ? "command"
                                                            : "none";
  plan.blockers = machine_problems(appliance, world);
  plan.components.reserve(maintenance.components.size());
  for (const auto& component : maintenance.components) {
    plan.components.push_back(judge(component, world.levels, plan.blockers));
    check_from(component, plan.components.back(), plan.blockers);
  }
  check_requires(plan, maintenance);
  order(plan, maintenance);
  list_data(plan, maintenance);
  plan.blockers.insert(plan.blockers.end(), world.data_problems.begin(), world.data_problems.end());
  for (const auto& component : maintenance.components)
    for (const auto& data : component.data) need_space(plan, component.machine, data);
  need_payload_space(plan, maintenance);
  check_space(plan);
  drop_repeats(plan.blockers);
  warn(plan, appliance);
  warn_of_clocks(plan, world);
  return plan;
}

}  // namespace moult
