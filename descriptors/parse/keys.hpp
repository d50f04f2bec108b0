#pragma once

#include <span>
#include <string_view>

namespace moult::parse {

/// One key that a mapping may hold.
struct Key {
  std::string_view name;
  std::string_view meaning;  ///< for a person whose file lacks it
  bool required = false;
};

/// The keys of one kind of mapping. `name` is also the name of its definition in the JSON Schema.
struct KeySet {
  std::string_view name;
  std::span<const Key> keys;
};

extern const KeySet kApplianceKeys, kMachineKeys, kInstalledKeys, kEntryKeys, kHaproxyKeys, kEntryCommandKeys,
    kNoneKeys;
extern const KeySet kMaintenanceKeys, kComponentKeys, kLevelKeys, kDetectKeys, kUpdateKeys, kCheckKeys, kHttpKeys,
    kTcpKeys, kHookKeys, kDataKeys, kHandoverKeys, kNativeKeys, kPostgresqlKeys, kDataHooksKeys, kReverseHooksKeys,
    kReplicationKeys, kReverseReplicationKeys, kMergeKeys, kPayloadKeys;

/// All sets of one kind of file, for checks against the schemas.
[[nodiscard]] std::span<const KeySet* const> appliance_key_sets();
[[nodiscard]] std::span<const KeySet* const> maintenance_key_sets();

}  // namespace moult::parse
