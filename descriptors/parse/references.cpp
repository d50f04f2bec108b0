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

/// Is one the other, or below it?
bool overlap(const std::string& a, const std::string& b) {
  const auto& shorter = a.size() < b.size() ? a : b;
  const auto& longer = a.size() < b.size() ? b : a;
  return longer.compare(0, shorter.size(), shorter) == 0 &&
         (longer.size() == shorter.size() || longer[shorter.size()] == '/');
}

/// A path belongs to one set: two that carry it would undo each other's rules.
void check_data_roots(const MaintenanceDescriptor& maintenance, Report& report) {
  std::map<std::string, std::vector<const DataSpec*>> seen;  // by machine
  for (const auto& component : maintenance.components)
    for (const auto& data : component.data) {
      if (data.root.empty()) continue;
      auto& others = seen[component.machine];
      const auto found = std::find_if(others.begin(), others.end(),
                                      [&](const DataSpec* each) { return overlap(each->root, data.root); });
      const auto* other = found == others.end() ? nullptr : *found;
      others.push_back(&data);
      if (other == nullptr) continue;
      const auto first = in_quotes(other->name) + " at line " + std::to_string(other->at.line);
      report.add(data.at, "components." + component.name + ".data." + data.name,
                 data.root == other->root
                     ? data.root + " is already the data set " + first
                     : data.root + " overlaps " + other->root + ", the data set " + first + "; make them one set");
    }
}

/// What of its machine is one set's alone. A disk changes hands whole; that no other set lies on it is seen by their
/// directories. An application follows one other, with all that it holds; a cluster's roles, and the names of what a
/// run makes in it, are the whole cluster's. Empty: nothing is.
std::string claim_of(const DataSpec& data) {
  if (!data.handover.disk.empty()) return "disk " + data.handover.disk;
  if (data.kind != DataKind::native) return {};
  const int port = data.hooks.port != 0 ? data.hooks.port : data.postgresql.port;
  return port == 0 ? "" : "port " + std::to_string(port);
}

void check_claims(const MaintenanceDescriptor& maintenance, Report& report) {
  std::map<std::pair<std::string, std::string>, const DataSpec*> seen;  // by machine and claim
  for (const auto& component : maintenance.components)
    for (const auto& data : component.data) {
      const auto claim = claim_of(data);
      if (claim.empty()) continue;
      const auto [first, fresh] = seen.emplace(std::pair(component.machine, claim), &data);
      if (fresh) continue;
      const auto& other = *first->second;
      report.add(data.at, "components." + component.name + ".data." + data.name,
                 claim + " is already that of the data set " + in_quotes(other.name) + " at line " +
                     std::to_string(other.at.line));
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
  check_claims(maintenance, report);
  check_order(maintenance, report);
}

}  // namespace moult::parse
