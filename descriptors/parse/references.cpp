#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "descriptors/edges.hpp"
#include "descriptors/level.hpp"
#include "descriptors/parse/descriptor.hpp"
#include "descriptors/update_order.hpp"

namespace moult::parse {
namespace {

template <typename Item>
std::vector<std::string> names_in(const std::vector<Item>& items) {
  std::vector<std::string> names;
  names.reserve(items.size());
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

/// Reports every reference that names nothing in `names`; returns the names that were probably meant.
std::set<std::string> check_known(const std::vector<Reference>& references, const std::vector<std::string>& names,
                                  const std::string& what, Report& report) {
  const std::set<std::string> known(names.begin(), names.end());
  std::set<std::string> meant;
  for (const auto& reference : references) {
    if (known.count(reference.name) > 0 || report.full()) continue;
    auto hint = nearest(reference.name, names);
    meant.insert(hint);
    report.add(reference.at, reference.path, what + " " + in_quotes(reference.name), std::move(hint));
  }
  return meant;
}

/// Payload files and their uses, each way. Nothing is called unused where a use could not be read or was misspelt.
void check_payload(const MaintenanceDescriptor& maintenance, const References& references, Report& report) {
  auto used = check_known(references.payload, names_in(maintenance.payload), "no file under payload is called", report);
  if (!references.payload_complete) return;
  for (const auto& reference : references.payload) used.insert(reference.name);
  for (const auto& payload : maintenance.payload)
    if (used.count(payload.name) == 0)
      report.add(payload.at, "payload." + payload.name, "no component's update uses this file");
}

/// A condition is read by the scheme of the component that it is about.
void check_requirements(const MaintenanceDescriptor& maintenance, Report& report) {
  std::map<std::string, Scheme> schemes;
  for (const auto& component : maintenance.components) schemes.emplace(component.name, component.level.scheme);
  for (const auto& component : maintenance.components)
    for (const auto& requirement : component.requires_) {
      const auto scheme = schemes.find(requirement.component);
      if (scheme == schemes.end()) continue;
      const auto checked = check_constraint(scheme->second, requirement.constraint);
      if (checked) continue;
      const auto& error = checked.error();
      report.add(requirement.at, "components." + component.name + ".requires." + requirement.component,
                 error.message + (error.remedy.empty() ? "" : "; " + error.remedy));
    }
}

void check_data_roots(const MaintenanceDescriptor& maintenance, Report& report) {
  std::map<std::pair<std::string, std::string>, const DataSpec*> roots;
  for (const auto& component : maintenance.components)
    for (const auto& data : component.data) {
      if (data.root.empty()) continue;
      const auto [first, fresh] = roots.emplace(std::pair(component.machine, data.root), &data);
      if (!fresh)
        report.add(data.at, "components." + component.name + ".data." + data.name,
                   data.root + " is already the data set " + in_quotes(first->second->name) + " at line " +
                       std::to_string(first->second->at.line));
    }
}

bool is_within(const std::string& path, const std::string& root) { return path.starts_with(root + "/"); }

/// A disk changes hands whole: what lies on it is no other set's, and it is no other set's disk.
void check_handed_disk(const Component& component, const DataSpec& data, const Component& other_component,
                       const DataSpec& other, Report& report) {
  if (&data == &other || component.machine != other_component.machine || other.root.empty()) return;
  const auto path = "components." + component.name + ".data." + data.name;
  const auto whose = " of the data set " + in_quotes(other.name) + " at line " + std::to_string(other.at.line);
  if (is_within(other.root, data.root) || is_within(data.root, other.root))
    report.add(data.at, path, "the disk at " + data.root + " holds or covers a part of " + other.root + whose);
  if (!data.handover.disk.empty() && data.handover.disk == other.handover.disk && data.at.line > other.at.line)
    report.add(data.at, path, "disk " + data.handover.disk + " is already that" + whose);
}

void check_handed_disks(const MaintenanceDescriptor& maintenance, Report& report) {
  for (const auto& component : maintenance.components)
    for (const auto& data : component.data) {
      if (data.kind != DataKind::handover || data.root.empty()) continue;
      for (const auto& other_component : maintenance.components)
        for (const auto& other : other_component.data)
          check_handed_disk(component, data, other_component, other, report);
    }
}

void check_order(const MaintenanceDescriptor& maintenance, Report& report) {
  const auto order = order_updates(names_in(maintenance.components), edges_of(maintenance));
  const auto* cycle = std::get_if<Cycle>(&order);
  if (cycle == nullptr) return;
  std::string circle;
  for (auto edge = cycle->edges.rbegin(); edge != cycle->edges.rend(); ++edge)
    circle += (circle.empty() ? "" : ", ") + edge->after + " waits for " + edge->before + " (line " +
              std::to_string(edge->at.line) + ")";
  const auto& first = cycle->edges.back();
  report.add(first.at, "components." + first.after, "the update order is a circle: " + circle);
}

}  // namespace

void check_references(const MaintenanceDescriptor& maintenance, const References& references, Report& report) {
  (void)check_known(references.components, names_in(maintenance.components), "no component", report);
  check_payload(maintenance, references, report);
  check_requirements(maintenance, report);
  check_data_roots(maintenance, report);
  check_handed_disks(maintenance, report);
  check_order(maintenance, report);
}

}  // namespace moult::parse
