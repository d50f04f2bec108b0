#include <filesystem>

#include "drivers/component/archive/normalise.hpp"
#include "drivers/component/guest_steps.hpp"
#include "drivers/component/payload.hpp"
#include "drivers/component/updater.hpp"

namespace moult {
namespace {

/// Replaces a directory by an archive's content. The host reads the archive, refuses what could reach outside, and
/// sends a plain tar that it wrote itself: the guest's tar never sees the vendor's bytes. Unpacked beside, then
/// exchanged by two renames; the old directory stays as NAME.moult-old for `revert`.
class ArchiveUpdater final : public Updater {
 public:
  ArchiveUpdater(const MaintenanceDescriptor& descriptor, const Component& component, Clock& clock)
      : descriptor_(descriptor), spec_(component.update), clock_(clock) {}

  Result<> stage(GuestAccess& guest, const std::string& stage_dir) override {
    const auto* payload = descriptor_.find_payload(spec_.archive);
    if (payload == nullptr) return fail(Code::invalid, "payload " + spec_.archive + " is not listed under `payload`");
    MOULT_TRY(check_payload_file(descriptor_, *payload));
    MOULT_ASSIGN(const auto path, payload_path(descriptor_, spec_.archive));
    MOULT_ASSIGN(const Fd plain, normalise_archive(path, ArchiveLimits{}));
    return stage_file(guest, plain, staged(stage_dir, spec_.archive));
  }

  Result<> apply(GuestAccess& guest, const std::string& stage_dir, Millis timeout) override {
    MOULT_TRY(check_target());
    const Deadline deadline(clock_, timeout);
    MOULT_TRY(run_step(guest, {"rm", "-rf", fresh()}, deadline.left()));
    MOULT_TRY(run_step(guest, {"mkdir", "-p", fresh()}, deadline.left()));
    MOULT_TRY(run_step(guest,
                       {"tar", "-x", "-p", "--numeric-owner", "-f", staged(stage_dir, spec_.archive), "-C", fresh()},
                       deadline.left()));
    MOULT_ASSIGN(const bool there, exists(guest, target(), deadline));
    MOULT_ASSIGN(const bool kept, exists(guest, old(), deadline));
    // A try before this one may have got as far as here: what is kept is the oldest, never its own result.
    if (there && kept) MOULT_TRY(run_step(guest, {"rm", "-rf", target()}, deadline.left()));
    if (there && !kept) MOULT_TRY(run_step(guest, {"mv", "-T", target(), old()}, deadline.left()));
    MOULT_TRY(run_step(guest, {"mv", "-T", fresh(), target()}, deadline.left()));
    return {};
  }

  Result<> revert(GuestAccess& guest, const std::string&, Millis timeout) override {
    MOULT_TRY(check_target());
    const Deadline deadline(clock_, timeout);
    MOULT_ASSIGN(const bool kept, exists(guest, old(), deadline));
    if (!kept)
      return fail(Code::refused, "there is no " + old() + " to go back to",
                  "abort the run: the clone is thrown away, the original was never touched");
    MOULT_TRY(run_step(guest, {"rm", "-rf", target()}, deadline.left()));
    MOULT_TRY(run_step(guest, {"mv", "-T", old(), target()}, deadline.left()));
    return {};
  }

  Result<> forget(GuestAccess& guest) override {
    MOULT_TRY(check_target());
    MOULT_TRY(run_step(guest, {"rm", "-rf", old(), fresh()}, spec_.timeout));
    return {};
  }

 private:
  [[nodiscard]] std::string target() const {
    auto path = std::filesystem::path(spec_.unpack_to).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }
  [[nodiscard]] std::string fresh() const { return target() + ".moult-new"; }
  [[nodiscard]] std::string old() const { return target() + ".moult-old"; }

  /// A directory right below the root belongs to the system: replacing it whole would end the machine.
  [[nodiscard]] Result<> check_target() const {
    const auto path = target();
    if (path.starts_with("/") && path.find('/', 1) != std::string::npos) return {};
    return fail(Code::invalid, "an archive cannot replace " + path,
                "name a directory of its own, two levels deep or more");
  }

  static Result<bool> exists(GuestAccess& guest, const std::string& path, const Deadline& deadline) {
    MOULT_ASSIGN(const auto outcome, guest.run(Command{{"test", "-e", path}, {}, {}, deadline.left()}));
    return outcome.good();
  }

  const MaintenanceDescriptor& descriptor_;
  const UpdateSpec& spec_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Updater> make_archive_updater(const MaintenanceDescriptor& descriptor, const Component& component,
                                              Clock& clock) {
  return std::make_unique<ArchiveUpdater>(descriptor, component, clock);
}

}  // namespace moult
