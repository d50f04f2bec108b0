#pragma once

#include <string>
#include <variant>
#include <vector>

#include "descriptors/appliance.hpp"
#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"

namespace moult {

/// One thing wrong with a descriptor.
struct Finding {
  Location at;
  std::string path;                        ///< "components.notes-api.level.to"
  std::string message;                     ///< what was found and what was expected
  std::string hint;                        ///< nearest known key or value; may be empty
  [[nodiscard]] std::string text() const;  ///< "file:line:col: path: message (did you mean x?)"
};

/// A descriptor of either kind, or every finding in it at once.
template <typename T>
struct Loaded {
  T value;
  std::vector<Finding> findings;  ///< empty means that value is good
  [[nodiscard]] bool good() const { return findings.empty(); }
};

/// Reads and checks a file. Never throws; an unreadable file is a finding.
[[nodiscard]] Loaded<ApplianceDescriptor> load_appliance(const std::string& path);
[[nodiscard]] Loaded<MaintenanceDescriptor> load_maintenance(const std::string& path);
/// Either kind, told apart by its `moult:` key.
[[nodiscard]] std::variant<Loaded<ApplianceDescriptor>, Loaded<MaintenanceDescriptor>> load_any(
    const std::string& path);
/// What one file cannot know: ids match, machines exist. Findings carry the places in both files.
[[nodiscard]] std::vector<Finding> check_together(const ApplianceDescriptor& appliance,
                                                  const MaintenanceDescriptor& maintenance);
/// Findings as one Error (Code::invalid), one line each.
[[nodiscard]] Error as_error(const std::vector<Finding>& findings);

}  // namespace moult
