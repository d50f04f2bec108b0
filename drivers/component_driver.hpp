#pragma once

#include <memory>
#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/clock.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// Updates one component in one guest. Stateless: everything it needs is in the descriptor and the guest.
class ComponentDriver {
 public:
  virtual ~ComponentDriver() = default;
  /// The level found; nothing when the component is not installed. Changes nothing. Errors: failed (a level that cannot
  /// be read, a command that failed), and those of GuestAccess.
  virtual Result<std::optional<std::string>> detect(GuestAccess& guest) = 0;
  /// Brings the payload into the guest, below `stage_dir`. Idempotent.
  virtual Result<> stage(GuestAccess& guest, const std::string& stage_dir) = 0;
  /// Updates to the target level. Errors: failed with the command's last lines; timeout.
  virtual Result<> apply(GuestAccess& guest, const std::string& stage_dir) = 0;
  /// Brings the level before back where the kind can; refused where it cannot.
  virtual Result<> revert(GuestAccess& guest, const std::string& stage_dir) = 0;
  /// Removes from the guest what `revert` would need; called when the way back is given up. Idempotent.
  virtual Result<> forget(GuestAccess& guest) = 0;
};

/// The driver for a component; its detect kind and update kind may differ. `descriptor`, `component` and `clock`
/// outlive the driver; every pause and deadline of its own is the clock's.
[[nodiscard]] std::unique_ptr<ComponentDriver> make_component_driver(const MaintenanceDescriptor& descriptor,
                                                                     const Component& component, Clock& clock);

/// The level that a rule finds, as it is printed; nothing when the component is not installed. Changes nothing. Errors:
/// as ComponentDriver::detect, but for a level that a scheme could not read.
[[nodiscard]] Result<std::optional<std::string>> detect_level(const DetectSpec& rule, GuestAccess& guest);

/// Compares every payload file with the size and SHA-256 that the descriptor states. Error: invalid, all of them named.
[[nodiscard]] Result<> check_payload(const MaintenanceDescriptor& descriptor);

/// Waits until the component's check is good, up to its timeout by `clock`. Error: failed, with the last answer.
[[nodiscard]] Result<> run_check(const CheckSpec& check, GuestAccess& guest, Clock& clock);

}  // namespace moult
