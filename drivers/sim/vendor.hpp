#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors/appliance.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/sim/state.hpp"

namespace moult::sim {

/// What a command of the vendor's means in a simulated guest.
enum class VendorAct { detect, update, revert, check, warm, quiesce, activate, stop, start, migrate, downgrade, merge };

struct VendorCommand {
  Argv argv;
  VendorAct act = VendorAct::check;
  const Component* component = nullptr;
};

/// The vendor's commands and payload, by which simulated programs know levels that a real guest would find out from the
/// payload's content. Immutable; shared by every guest.
class Vendor {
 public:
  explicit Vendor(MaintenanceDescriptor descriptor);
  Vendor(const Vendor&) = delete;
  Vendor& operator=(const Vendor&) = delete;
  [[nodiscard]] const MaintenanceDescriptor& descriptor() const { return descriptor_; }
  /// The command with exactly these words; null: none.
  [[nodiscard]] const VendorCommand* find(const Argv& argv) const;
  /// Does the descriptor call this program anywhere?
  [[nodiscard]] bool knows_program(std::string_view program) const;
  /// The component that a payload of this base name updates; null: none.
  [[nodiscard]] const Component* component_of_payload(std::string_view base_name) const;

 private:
  MaintenanceDescriptor descriptor_;
  std::vector<VendorCommand> commands_;
};

/// The maintenance, with the appliance's own components where it does not name them: those have a level and no update.
[[nodiscard]] MaintenanceDescriptor with_installed(MaintenanceDescriptor maintenance,
                                                   const ApplianceDescriptor& appliance);

/// Where a guest keeps a component's level, by how it is detected.
[[nodiscard]] std::string level_path(const Component& component);
/// Where a guest keeps an installed package's version.
[[nodiscard]] std::string package_path(std::string_view package);

}  // namespace moult::sim
