#include <algorithm>
#include <sstream>

#include "descriptors/base/text.hpp"
#include "drivers/component/guest_steps.hpp"
#include "drivers/component/payload.hpp"
#include "drivers/component/updater.hpp"

namespace moult {
namespace {

/// How long to wait before asking again for a lock that another package tool holds.
constexpr Millis kLockPause{500};

/// Maintainer scripts must ask nobody, and keep what the administrator changed.
const std::map<std::string, std::string> kQuiet{{"DEBIAN_FRONTEND", "noninteractive"},
                                                {"DEBCONF_NONINTERACTIVE_SEEN", "true"},
                                                {"UCF_FORCE_CONFFOLD", "1"},
                                                {"NEEDRESTART_SUSPEND", "1"}};

/// "notes-ui depends on libssl3; however: Package libssl3 is not installed", for each such complaint of dpkg.
std::vector<std::string> unmet_dependencies(const std::string& complaints) {
  std::vector<std::string> unmet;
  std::istringstream lines(complaints);
  for (std::string line; std::getline(lines, line);) {
    const auto start = line.find_first_not_of(' ');
    if (start == std::string::npos) continue;
    const auto text = printable(line.substr(start), 200);
    if (text.find(" depends on ") != std::string::npos && text.find("however:") != std::string::npos)
      unmet.push_back(text);
    if (!unmet.empty() && text.starts_with("Package ") && unmet.back().ends_with("however:"))
      unmet.back() += " " + text;
  }
  return unmet;
}

/// Installs .deb files with dpkg itself and not with apt: the clone has no network, and dpkg does what the vendor's
/// list says or fails, where apt may remove, upgrade or fetch other packages to make the list fit. All files go into
/// one call, so that packages of the list may depend on each other.
class DebUpdater final : public Updater {
 public:
  DebUpdater(const MaintenanceDescriptor& descriptor, const Component& component, Clock& clock)
      : descriptor_(descriptor), component_(component), clock_(clock) {}

  Result<> stage(GuestAccess& guest, const std::string& stage_dir) override {
    return stage_payloads(guest, descriptor_, component_.update.packages, stage_dir);
  }

  Result<> apply(GuestAccess& guest, const std::string& stage_dir, Millis timeout) override {
    std::vector<std::string> argv{"dpkg", "--force-confdef", "--force-confold", "--install"};
    for (const auto& name : component_.update.packages) argv.push_back(staged(stage_dir, name));
    const Deadline deadline(clock_, timeout);
    for (;;) {
      MOULT_ASSIGN(const auto outcome, guest.run(step_command(argv, deadline.left(), kQuiet)));
      if (outcome.good()) return {};
      const bool locked = outcome.err.find("locked by another process") != std::string::npos;
      if (!locked || deadline.left() <= kLockPause) return explained(argv, outcome);
      clock_.sleep(kLockPause);
    }
  }

  Result<> revert(GuestAccess&, const std::string&, Millis) override {
    return fail(Code::refused, "a Debian package cannot be taken back to its old level: the old package is not at hand",
                "abort the run: the clone is thrown away, the original was never touched");
  }

 private:
  static Unexpected explained(const Argv& argv, const Outcome& outcome) {
    Error error = step_failure(argv, outcome);
    const auto unmet = unmet_dependencies(outcome.err);
    if (!unmet.empty()) {
      error.message = "packages depend on what the clone does not have: " + joined(unmet, "; ") + "\n" + error.message;
      error.remedy = "add the missing packages to the component's `update.deb` list";
    }
    return Unexpected(std::move(error));
  }

  const MaintenanceDescriptor& descriptor_;
  const Component& component_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Updater> make_deb_updater(const MaintenanceDescriptor& descriptor, const Component& component,
                                          Clock& clock) {
  return std::make_unique<DebUpdater>(descriptor, component, clock);
}

}  // namespace moult
