#include <algorithm>

#include "descriptors/appliance.hpp"
#include "descriptors/edges.hpp"
#include "descriptors/maintenance.hpp"

namespace moult {
namespace {

template <typename Item>
const Item* find_named(const std::vector<Item>& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.name == name; });
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const MachineEntry* ApplianceDescriptor::find_machine(const std::string& name) const {
  return find_named(machines, name);
}

const InstalledComponent* ApplianceDescriptor::find_component(const std::string& name) const {
  return find_named(components, name);
}

const std::string& ApplianceDescriptor::uri_of(const MachineEntry& machine) const {
  static const std::string kNone;
  const auto host = hosts.find(machine.host);
  return host == hosts.end() ? kNone : host->second;
}

std::string_view name_of(DataKind kind) {
  switch (kind) {
    case DataKind::files:
      return "files";
    case DataKind::handover:
      return "handover";
    case DataKind::native:
      return "native";
    case DataKind::hooks:
      return "hooks";
  }
  return "files";
}

const Component* MaintenanceDescriptor::find_component(const std::string& name) const {
  return find_named(components, name);
}

const Payload* MaintenanceDescriptor::find_payload(const std::string& name) const { return find_named(payload, name); }

std::vector<OrderEdge> edges_of(const MaintenanceDescriptor& maintenance) {
  std::vector<OrderEdge> edges;
  std::size_t count = 0;
  for (const auto& component : maintenance.components) count += component.after.size() + component.requires_.size();
  edges.reserve(count);
  for (const auto& component : maintenance.components) {
    for (std::size_t i = 0; i < component.after.size(); ++i)
      edges.push_back(
          {component.after[i], component.name, i < component.after_at.size() ? component.after_at[i] : component.at});
    for (const auto& requirement : component.requires_)
      edges.push_back({requirement.component, component.name, requirement.at});
  }
  return edges;
}

}  // namespace moult
