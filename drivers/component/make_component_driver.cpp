#include "descriptors/base/text.hpp"
#include "descriptors/level.hpp"
#include "drivers/component/guest_steps.hpp"
#include "drivers/component/level_source.hpp"
#include "drivers/component/updater.hpp"
#include "drivers/component_driver.hpp"

namespace moult {
namespace {

std::unique_ptr<Updater> make_updater(const MaintenanceDescriptor& descriptor, const Component& component,
                                      Clock& clock) {
  switch (component.update.kind) {
    case DriverKind::deb:
      return make_deb_updater(descriptor, component, clock);
    case DriverKind::archive:
      return make_archive_updater(descriptor, component, clock);
    case DriverKind::command:
      break;
  }
  return make_command_updater(descriptor, component, clock);
}

/// A level source and an updater, which may be of different kinds, and what is the same for all kinds around them.
class Driver final : public ComponentDriver {
 public:
  Driver(const MaintenanceDescriptor& descriptor, const Component& component, Clock& clock)
      : component_(component),
        clock_(clock),
        level_(make_level_source(component.detect)),
        updater_(make_updater(descriptor, component, clock)) {}

  Result<std::optional<std::string>> detect(GuestAccess& guest) override {
    auto found = level_->find(guest);
    if (!found) return pass(std::move(found), link());
    if (!*found) return found;
    if (const auto readable = check_level(component_.level.scheme, **found); !readable) {
      Error error{Code::failed, "its level was found as " + in_quotes(**found) + ": " + readable.error().message,
                  "mend `detect` or `level.scheme` in the maintenance descriptor"};
      return Unexpected(std::move(error).within(link()));
    }
    return found;
  }

  Result<> stage(GuestAccess& guest, const std::string& stage_dir) override {
    return named(updater_->stage(guest, stage_dir));
  }

  Result<> apply(GuestAccess& guest, const std::string& stage_dir) override {
    return named(between_units(guest, [&](Millis left) { return updater_->apply(guest, stage_dir, left); }));
  }

  Result<> revert(GuestAccess& guest, const std::string& stage_dir) override {
    return named(between_units(guest, [&](Millis left) { return updater_->revert(guest, stage_dir, left); }));
  }

  Result<> forget(GuestAccess& guest) override { return named(updater_->forget(guest)); }

 private:
  [[nodiscard]] std::string link() const { return "component " + component_.name; }

  Result<> named(Result<> result) const {
    if (!result) return pass(std::move(result), link());
    return result;
  }

  /// Stops the units before and starts them after, all within the update's timeout.
  template <typename Work>
  Result<> between_units(GuestAccess& guest, Work work) const {
    const Deadline deadline(clock_, component_.update.timeout);
    MOULT_TRY(stop_units(guest, component_.update.stop, deadline));
    MOULT_TRY(work(deadline.left()));
    return start_units(guest, component_.update.start, deadline);
  }

  const Component& component_;
  Clock& clock_;
  std::unique_ptr<LevelSource> level_;
  std::unique_ptr<Updater> updater_;
};

}  // namespace

std::unique_ptr<ComponentDriver> make_component_driver(const MaintenanceDescriptor& descriptor,
                                                       const Component& component, Clock& clock) {
  return std::make_unique<Driver>(descriptor, component, clock);
}

Result<std::optional<std::string>> detect_level(const DetectSpec& rule, GuestAccess& guest) {
  return make_level_source(rule)->find(guest);
}

}  // namespace moult
