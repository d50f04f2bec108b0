#include <nlohmann/json.hpp>

#include "descriptors/base/digest.hpp"
#include "orchestrator/plan.hpp"

namespace moult {

using nlohmann::json;

void to_json(json& out, const DiskFacts& disk) {
  out = {{"target", disk.target}, {"path", disk.path},           {"format", disk.format},
         {"chain", disk.chain},   {"read_only", disk.read_only}, {"virtual_bytes", disk.virtual_bytes}};
}
void from_json(const json& in, DiskFacts& disk) {
  in.at("target").get_to(disk.target);
  in.at("path").get_to(disk.path);
  in.at("format").get_to(disk.format);
  in.at("chain").get_to(disk.chain);
  in.at("read_only").get_to(disk.read_only);
  in.at("virtual_bytes").get_to(disk.virtual_bytes);
}
void to_json(json& out, const NicFacts& nic) {
  out = {{"mac", nic.mac}, {"source", nic.source}, {"source_kind", nic.source_kind}};
}
void from_json(const json& in, NicFacts& nic) {
  in.at("mac").get_to(nic.mac);
  in.at("source").get_to(nic.source);
  in.at("source_kind").get_to(nic.source_kind);
}
void to_json(json& out, const MachineRef& ref) { out = {{"name", ref.name}, {"uri", ref.uri}, {"domain", ref.domain}}; }
void from_json(const json& in, MachineRef& ref) {
  in.at("name").get_to(ref.name);
  in.at("uri").get_to(ref.uri);
  in.at("domain").get_to(ref.domain);
}
void to_json(json& out, const PlannedMachine& machine) {
  out = {{"machine", machine.ref},           {"uuid", machine.facts.uuid},   {"state", name_of(machine.facts.state)},
         {"agent", machine.facts.has_agent}, {"tpm", machine.facts.has_tpm}, {"disks", machine.facts.disks},
         {"nics", machine.facts.nics}};
}
void from_json(const json& in, PlannedMachine& machine) {
  in.at("machine").get_to(machine.ref);
  in.at("uuid").get_to(machine.facts.uuid);
  for (const auto state :
       {PowerState::absent, PowerState::off, PowerState::running, PowerState::paused, PowerState::crashed})
    if (in.at("state").get<std::string>() == name_of(state)) machine.facts.state = state;
  in.at("agent").get_to(machine.facts.has_agent);
  machine.facts.has_tpm = in.value("tpm", false);  // absent in plans written before it was known
  in.at("disks").get_to(machine.facts.disks);
  in.at("nics").get_to(machine.facts.nics);
}
void to_json(json& out, const PlannedComponent& component) {
  out = {{"name", component.name},
         {"machine", component.machine},
         {"found", component.found},
         {"target", component.target},
         {"scheme", component.scheme},
         {"update", component.update},
         {"verdict", name_of(component.verdict)}};
}
void from_json(const json& in, PlannedComponent& component) {
  in.at("name").get_to(component.name);
  in.at("machine").get_to(component.machine);
  in.at("found").get_to(component.found);
  in.at("target").get_to(component.target);
  in.at("scheme").get_to(component.scheme);
  in.at("update").get_to(component.update);
  for (const auto verdict : {Verdict::current, Verdict::old, Verdict::newer, Verdict::missing, Verdict::unreachable})
    if (in.at("verdict").get<std::string>() == name_of(verdict)) component.verdict = verdict;
}
void to_json(json& out, const PlannedData& data) {
  out = {{"set", data.set},     {"component", data.component}, {"machine", data.machine}, {"strategy", data.strategy},
         {"where", data.where}, {"migrates", data.migrates},   {"one_way", data.one_way}};
}
void from_json(const json& in, PlannedData& data) {
  in.at("set").get_to(data.set);
  in.at("component").get_to(data.component);
  in.at("machine").get_to(data.machine);
  in.at("strategy").get_to(data.strategy);
  in.at("where").get_to(data.where);
  in.at("migrates").get_to(data.migrates);
  data.one_way = in.value("one_way", false);  // plans of before had none
}
void to_json(json& out, const SpaceNeed& space) {
  out = {{"uri", space.uri},
         {"directory", space.directory},
         {"needed_bytes", space.needed_bytes},
         {"free_bytes", space.free_bytes}};
}
void from_json(const json& in, SpaceNeed& space) {
  in.at("uri").get_to(space.uri);
  in.at("directory").get_to(space.directory);
  in.at("needed_bytes").get_to(space.needed_bytes);
  in.at("free_bytes").get_to(space.free_bytes);
}

namespace {

constexpr const char* kFormat = "plan/v1";

json whole(const Plan& plan) {
  json blockers = json::array();
  for (const auto& error : plan.blockers)
    blockers.push_back({{"code", name_of(error.code)}, {"message", error.describe()}, {"remedy", error.remedy}});
  return {{"moult", kFormat},
          {"appliance", {{"id", plan.appliance}, {"file", plan.appliance_file}, {"sha256", plan.appliance_sha256}}},
          {"maintenance",
           {{"release", plan.release}, {"file", plan.maintenance_file}, {"sha256", plan.maintenance_sha256}}},
          {"machines", plan.machines},
          {"components", plan.components},
          {"waves", plan.waves},
          {"critical_path", plan.critical_path},
          {"data", plan.data},
          {"space", plan.space},
          {"entry", plan.entry},
          {"blockers", blockers},
          {"warnings", plan.warnings}};
}

void read(const json& in, Plan& plan) {
  in.at("appliance").at("id").get_to(plan.appliance);
  in.at("appliance").at("file").get_to(plan.appliance_file);
  in.at("appliance").at("sha256").get_to(plan.appliance_sha256);
  in.at("maintenance").at("release").get_to(plan.release);
  in.at("maintenance").at("file").get_to(plan.maintenance_file);
  in.at("maintenance").at("sha256").get_to(plan.maintenance_sha256);
  in.at("machines").get_to(plan.machines);
  in.at("components").get_to(plan.components);
  in.at("waves").get_to(plan.waves);
  in.at("critical_path").get_to(plan.critical_path);
  in.at("data").get_to(plan.data);
  in.at("space").get_to(plan.space);
  in.at("entry").get_to(plan.entry);
  in.at("warnings").get_to(plan.warnings);
  for (const auto& row : in.at("blockers"))
    plan.blockers.push_back(Error{Code::refused,
                                  row.at("message").get<std::string>(),
                                  row.at("remedy").get<std::string>(),
                                  {},
                                  Disposition::fail});
}

/// Free space and file paths may differ between two looks at the same world.
json comparable(const Plan& plan) {
  auto tree = whole(plan);
  tree.erase("space");
  tree.erase("warnings");
  tree["appliance"].erase("file");
  tree["maintenance"].erase("file");
  return tree;
}

}  // namespace

std::string approval_facts(const Plan& plan) {
  json levels = json::object();
  for (const auto& row : plan.components)
    levels[row.name] = {{"found", row.found}, {"target", row.target}, {"verdict", name_of(row.verdict)}};
  return json{{"appliance_sha256", plan.appliance_sha256},
              {"maintenance_sha256", plan.maintenance_sha256},
              {"plan_sha256", sha256_hex(plan_to_json(plan))},
              {"levels", levels}}
      .dump();
}

std::string plan_to_json(const Plan& plan) { return whole(plan).dump(2) + "\n"; }

Result<Plan> plan_from_json(const std::string& text) {
  try {
    const auto tree = json::parse(text);
    if (tree.value("moult", "") != kFormat)
      return fail(Code::invalid, "not a plan: the key `moult` must be `plan/v1`",
                  "Write one with `moult plan ... --out FILE`.");
    Plan plan;
    read(tree, plan);
    return plan;
  } catch (const json::exception& error) {
    return fail(Code::invalid, std::string("not a plan: ") + error.what(),
                "Write one with `moult plan ... --out FILE`.");
  }
}

namespace {

/// What a list's element is called, for a person; empty where it has no name.
std::string name_in(const json& element) {
  if (!element.is_object()) return {};
  for (const auto* key : {"name", "set", "target"})
    if (element.contains(key)) return element.at(key).get<std::string>();
  return element.contains("machine") ? name_in(element.at("machine")) : std::string{};
}

/// Lists whose elements have names become objects, so that a difference is told by name and not by place.
json by_name(const json& tree) {
  if (!tree.is_structured()) return tree;
  bool named = tree.is_array();
  json keyed = json::object();
  for (const auto& element : tree) {
    const auto name = named ? name_in(element) : std::string{};
    named = named && !name.empty() && !keyed.contains(name);
    if (named) keyed[name] = by_name(element);
  }
  if (named && !tree.empty()) return keyed;
  auto same = tree;
  for (auto& element : same) element = by_name(element);
  return same;
}

}  // namespace

std::vector<std::string> plan_differences(const Plan& approved, const Plan& present) {
  const auto before = by_name(comparable(approved)).flatten();
  const auto now = by_name(comparable(present)).flatten();
  std::vector<std::string> lines;
  for (const auto& [path, value] : before.items()) {
    const auto there = now.find(path);
    if (there == now.end())
      lines.push_back(path + ": " + value.dump() + " is gone");
    else if (*there != value)
      lines.push_back(path + ": approved " + value.dump() + ", now " + there->dump());
  }
  for (const auto& [path, value] : now.items())
    if (!before.contains(path)) lines.push_back(path + ": " + value.dump() + " is new");
  return lines;
}

}  // namespace moult
