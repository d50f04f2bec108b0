#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "descriptors/load.hpp"
#include "descriptors/parse/mapping.hpp"
#include "descriptors/parse/report.hpp"
#include "descriptors/yaml/node.hpp"

namespace moult::parse {

inline constexpr std::string_view kApplianceKind = "appliance/v1";
inline constexpr std::string_view kMaintenanceKind = "maintenance/v1";

/// The text of the root's `moult:` key, or "".
[[nodiscard]] std::string kind_of(const yaml::TreeNode& root);

/// Reports when the root is of none of these kinds of file; nothing else in it is worth reading then.
[[nodiscard]] bool check_kind(const yaml::TreeNode& root, std::span<const std::string_view> kinds, Report& report);

/// Tree to model. What is wrong is reported, and the model holds what could be read.
[[nodiscard]] ApplianceDescriptor read_appliance(const yaml::TreeNode& root, Report& report);
[[nodiscard]] MaintenanceDescriptor read_maintenance(const yaml::TreeNode& root, Report& report);

/// A name used in one part of the file for something in another.
struct Reference {
  std::string name;
  Location at;
  std::string path;
};

/// Names used for components and for payload files, checked once the whole file is known.
struct References {
  std::vector<Reference> components, payload;
  bool payload_complete = true;  ///< false when a component or its update could not be read whole
};

[[nodiscard]] Component read_component(const std::string& name, const Value& value, References& references,
                                       Report& report);
[[nodiscard]] DetectSpec read_detect(const Value& value, Report& report);
[[nodiscard]] UpdateSpec read_update(const Value& value, References& references, Report& report);
[[nodiscard]] CheckSpec read_check(const Value& value, Report& report);
[[nodiscard]] HookSpec read_hooks(const Value& value, Report& report);
[[nodiscard]] HooksData read_hooks_data(const Value& value, Report& report);
/// The value of `replication`.
[[nodiscard]] HooksData read_replication(const Value& value, Report& report);
[[nodiscard]] std::vector<DataSpec> read_data(const Value& value, Report& report);
/// The value of `handover`, into a set of that kind.
void read_handover(const Value& value, DataSpec& data, Report& report);
/// The value of `native`, into a set of that kind.
void read_native(const Value& value, DataSpec& data, Report& report);

/// What only the whole file shows: names that name nothing, payload that nothing uses, conditions on levels, circles.
void check_references(const MaintenanceDescriptor& maintenance, const References& references, Report& report);

/// Bytes instead of a file; `name` stands for the file in findings.
[[nodiscard]] Loaded<ApplianceDescriptor> appliance_from_bytes(std::string_view bytes, const std::string& name);
[[nodiscard]] Loaded<MaintenanceDescriptor> maintenance_from_bytes(std::string_view bytes, const std::string& name);
/// What to say about a file whose `moult:` key names no kind that is known.
[[nodiscard]] Loaded<ApplianceDescriptor> neither_kind(std::string_view bytes, const std::string& name);

}  // namespace moult::parse
