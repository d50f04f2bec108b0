#include <algorithm>
#include <filesystem>
#include <utility>

#include "descriptors/base/digest.hpp"
#include "descriptors/parse/descriptor.hpp"
#include "descriptors/yaml/document.hpp"

namespace moult::parse {
namespace {

const yaml::Entry* kind_entry(const yaml::TreeNode& root) {
  for (const auto& entry : root.entries)
    if (entry.key == "moult") return &entry;
  return nullptr;
}

/// The tree, when the bytes are YAML and of this kind of file.
std::optional<yaml::TreeNode> tree_of(std::string_view bytes, std::string_view kind, Report& report) {
  auto document = yaml::read_document(bytes);
  for (auto& problem : document.problems) report.add(problem.at, problem.path, std::move(problem.message));
  if (document.root && !check_kind(*document.root, {&kind, 1}, report)) return std::nullopt;
  return std::move(document.root);
}

template <typename Descriptor>
void name_source(Descriptor& descriptor, std::string_view bytes, const std::string& name) {
  descriptor.source = name;
  descriptor.sha256 = sha256_hex(bytes);
}

}  // namespace

std::string kind_of(const yaml::TreeNode& root) {
  const auto* entry = kind_entry(root);
  return entry == nullptr ? std::string() : entry->value.text;
}

bool check_kind(const yaml::TreeNode& root, std::span<const std::string_view> kinds, Report& report) {
  const auto expected = joined(std::vector<std::string>(kinds.begin(), kinds.end()), " or ");
  if (!expect({&root, {}, {}}, yaml::NodeKind::mapping, "a mapping with the key moult: " + expected, report))
    return false;
  const auto* entry = kind_entry(root);
  if (entry == nullptr && kinds.size() == 1) return true;  // reported as a missing key, with whatever else is wrong
  if (entry == nullptr) report.add(yaml::Place{}, "moult", "required key is missing: " + expected);
  if (entry == nullptr || !expect(value_of(*entry, {}), yaml::NodeKind::scalar, expected, report)) return false;
  if (std::find(kinds.begin(), kinds.end(), entry->value.text) != kinds.end()) return true;
  report.add(entry->value.at, "moult", "expected " + expected + "; found " + in_quotes(entry->value.text),
             nearest(entry->value.text, kinds));
  return false;
}

Loaded<ApplianceDescriptor> appliance_from_bytes(std::string_view bytes, const std::string& name) {
  Report report(name);
  Loaded<ApplianceDescriptor> loaded;
  if (const auto root = tree_of(bytes, kApplianceKind, report)) loaded.value = read_appliance(*root, report);
  name_source(loaded.value, bytes, name);
  loaded.findings = report.take();
  return loaded;
}

Loaded<MaintenanceDescriptor> maintenance_from_bytes(std::string_view bytes, const std::string& name) {
  Report report(name);
  Loaded<MaintenanceDescriptor> loaded;
  if (const auto root = tree_of(bytes, kMaintenanceKind, report)) loaded.value = read_maintenance(*root, report);
  name_source(loaded.value, bytes, name);
  const auto directory = std::filesystem::path(name).parent_path().string();
  loaded.value.directory = directory.empty() ? "." : directory;
  loaded.findings = report.take();
  return loaded;
}

Loaded<ApplianceDescriptor> neither_kind(std::string_view bytes, const std::string& name) {
  constexpr std::array kKinds{kApplianceKind, kMaintenanceKind};
  Report report(name);
  Loaded<ApplianceDescriptor> loaded;
  auto document = yaml::read_document(bytes);
  for (auto& problem : document.problems) report.add(problem.at, problem.path, std::move(problem.message));
  if (document.root) (void)check_kind(*document.root, kKinds, report);
  name_source(loaded.value, bytes, name);
  loaded.findings = report.take();
  return loaded;
}

}  // namespace moult::parse
