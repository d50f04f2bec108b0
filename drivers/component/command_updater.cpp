#include "drivers/component/guest_steps.hpp"
#include "drivers/component/level_source.hpp"
#include "drivers/component/payload.hpp"
#include "drivers/component/updater.hpp"

namespace moult {
namespace {

/// Runs the vendor's own command. It finds its payload below $MOULT_PAYLOAD, and both levels in its environment.
class CommandUpdater final : public Updater {
 public:
  CommandUpdater(const MaintenanceDescriptor& descriptor, const Component& component, Clock& clock)
      : descriptor_(descriptor), component_(component), clock_(clock) {}

  Result<> stage(GuestAccess& guest, const std::string& stage_dir) override {
    return stage_payloads(guest, descriptor_, component_.update.payload, stage_dir);
  }

  Result<> apply(GuestAccess& guest, const std::string& stage_dir, Millis timeout) override {
    return run(guest, component_.update.command, stage_dir, timeout);
  }

  Result<> revert(GuestAccess& guest, const std::string& stage_dir, Millis timeout) override {
    if (component_.update.revert.empty())
      return fail(Code::refused, "the descriptor names no `revert` command",
                  "abort the run: the clone is thrown away, the original was never touched");
    return run(guest, component_.update.revert, stage_dir, timeout);
  }

 private:
  Result<> run(GuestAccess& guest, const Argv& argv, const std::string& stage_dir, Millis timeout) {
    const Deadline deadline(clock_, timeout);
    MOULT_ASSIGN(const auto found, make_level_source(component_.detect)->find(guest));
    MOULT_TRY(run_step(guest, argv, deadline.left(),
                       {{"MOULT_PAYLOAD", stage_dir},
                        {"MOULT_COMPONENT", component_.name},
                        {"MOULT_FROM", found.value_or("")},
                        {"MOULT_TO", component_.level.to}}));
    return {};
  }

  const MaintenanceDescriptor& descriptor_;
  const Component& component_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Updater> make_command_updater(const MaintenanceDescriptor& descriptor, const Component& component,
                                              Clock& clock) {
  return std::make_unique<CommandUpdater>(descriptor, component, clock);
}

}  // namespace moult
