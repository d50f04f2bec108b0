#include <limits>
#include <utility>

#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr std::uint64_t kLargestPayload = std::uint64_t{1} << 50;

void read_components(const Mapping& root, MaintenanceDescriptor& maintenance, References& references, Report& report) {
  const auto value = root.find("components");
  if (!value) return;
  for (const auto& [name, component] : named_entries(*value, kName, "a mapping of component names", report))
    maintenance.components.push_back(read_component(name, component, references, report));
  if (maintenance.components.size() < value->node->entries.size()) references.payload_complete = false;
  if (value->node->kind == yaml::NodeKind::mapping && value->node->entries.empty())
    report.add(value->key_at, value->path, "a maintenance needs at least one component");
}

void read_payload(const Mapping& root, MaintenanceDescriptor& maintenance, Report& report) {
  const auto value = root.find("payload");
  if (!value) return;
  for (const auto& [name, file] : named_entries(*value, kPayloadName, "a mapping of file names", report)) {
    const Mapping mapping(file, kPayloadKeys, report);
    Payload payload{name, {}, 0, mapping.location()};
    mapping.text("sha256", kSha256, payload.sha256);
    mapping.number("size", 1, kLargestPayload, payload.size);
    maintenance.payload.push_back(std::move(payload));
  }
}

}  // namespace

MaintenanceDescriptor read_maintenance(const yaml::TreeNode& root, Report& report) {
  const Mapping mapping({&root, {}, {}}, kMaintenanceKeys, report);
  MaintenanceDescriptor maintenance;
  References references;
  mapping.text("appliance", kIdentifier, maintenance.appliance);
  if (const auto id = mapping.find("appliance")) maintenance.appliance_at = report.locate(id->key_at);
  mapping.text("release", kLine, maintenance.release);
  mapping.text("notes", kAnyText, maintenance.notes);
  read_components(mapping, maintenance, references, report);
  read_payload(mapping, maintenance, report);
  check_references(maintenance, references, report);
  return maintenance;
}

}  // namespace moult::parse
