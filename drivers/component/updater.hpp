#pragma once

#include <memory>
#include <string>

#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/clock.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// Brings one component to its target level: ComponentDriver without `detect`. Units are stopped and started by
/// the caller of `apply` and `revert`.
class Updater {
 public:
  virtual ~Updater() = default;
  virtual Result<> stage(GuestAccess& guest, const std::string& stage_dir) = 0;
  virtual Result<> apply(GuestAccess& guest, const std::string& stage_dir, Millis timeout) = 0;
  virtual Result<> revert(GuestAccess& guest, const std::string& stage_dir, Millis timeout) = 0;
  virtual Result<> forget(GuestAccess&) { return {}; }
};

/// `descriptor`, `component` and `clock` outlive the updater.
[[nodiscard]] std::unique_ptr<Updater> make_deb_updater(const MaintenanceDescriptor& descriptor,
                                                        const Component& component, Clock& clock);
[[nodiscard]] std::unique_ptr<Updater> make_archive_updater(const MaintenanceDescriptor& descriptor,
                                                            const Component& component, Clock& clock);
[[nodiscard]] std::unique_ptr<Updater> make_command_updater(const MaintenanceDescriptor& descriptor,
                                                            const Component& component, Clock& clock);

}  // namespace moult
