#pragma once

#include <optional>
#include <string>

#include "drivers/clock.hpp"
#include "drivers/disk_handover.hpp"
#include "drivers/guest_session.hpp"
#include "drivers/machine_lifecycle.hpp"
#include "migration/data_strategy.hpp"
#include "migration/disk_move.hpp"
#include "migration/guest_mount.hpp"
#include "migration/session_of.hpp"

namespace moult {

/// The `handover` strategy: nothing is captured and nothing is carried, for the disk itself goes to the other side. The
/// clone works on a scratch image until then. Forward the clone goes on in an image above the original's, so that the
/// disk as it was can be given back at once for as long as no client wrote to the clone. A way back that starts from
/// the disk as it was goes on in another image above it: given up, it has changed nothing below the clone's.
///
/// A guest that does not give the disk up is asked twice: through the run's helper, then through the agent that its
/// host reaches.
class HandoverStrategy final : public DataStrategy, public DiskMove {
 public:
  struct End {
    SessionOf session;
    MachineRef machine;
    DiskSide side;
  };
  struct Setup {
    std::string set, mount;
    HandedDisk disk;
    End source, target;
    Argv convert;    ///< run on the target over the whole disk once it has it; empty: none
    Argv unconvert;  ///< run on the source when it gets a disk back on which `convert` may have run
    DiskImage image = DiskImage::handed;  ///< what the target gets
    std::string spool{};  ///< host file that keeps how the disk was mounted, and how long converting it took
    Millis command_timeout{std::chrono::minutes{10}};
  };
  struct Seams {
    DiskHandover& disks;
    MachineLifecycle& lifecycle;
    GuestConnector& guests;
    Clock& clock;
  };
  HandoverStrategy(Setup setup, Seams seams) : setup_(std::move(setup)), seams_(seams) {}

  [[nodiscard]] const std::string& name() const override { return setup_.set; }
  Result<> start_capture() override;
  Result<bool> keep_capture() override { return false; }
  Result<> open_target() override { return {}; }
  Result<> close_target() override { return {}; }
  Result<> save_target() override { return {}; }
  Result<> restore_target() override { return {}; }
  Result<> migrate_all() override;
  Result<> take_up() override { return {}; }
  Result<RoundReport> round() override;
  Result<RoundReport> thorough_round() override { return round(); }
  Result<Pending> pending() override;
  [[nodiscard]] std::string frozen_set() const override { return {}; }
  Result<> fence(Millis ttl) override;
  Result<bool> unfence() override { return true; }
  Result<RoundReport> last_round() override { return round(); }
  Result<> make_durable() override { return {}; }
  Result<Verification> verify() override;
  DiskMove* disk_move() override { return this; }

  Result<> clear_target() override;
  Result<bool> lend() override;
  Result<> leave_source() override { return release(setup_.source); }
  Result<> enter_target() override;
  Result<> convert_target() override { return convert(setup_.target, setup_.convert); }
  [[nodiscard]] Millis conversion_took() override;
  Result<DiskOwner> owner() override { return seams_.disks.owner(setup_.disk); }
  Result<bool> is_with_target() override;
  Result<bool> is_with_source() override;
  Result<> hand_back() override;

 private:
  [[nodiscard]] bool forward() const { return setup_.source.side == DiskSide::original; }
  Result<bool> is_on(const End& end);
  Result<> refuse_other_disk();
  Result<> unmount_at(const End& end);
  Result<> release(const End& end);
  Result<> release_or_stop(const End& end);
  void end_removal(const End& end);
  [[nodiscard]] Result<DiskImage> image_of_source(const DiskOwner& owner) const;
  Result<> accept(const End& end, DiskImage image, const DiskOwner& known);
  Result<> convert(const End& end, const Argv& argv);
  void note_mount(const MountFacts& facts);
  void write_down() const;
  std::optional<MountFacts> known_mount();

  Setup setup_;
  Seams seams_;
  std::optional<MountFacts> facts_;
  Millis conversion_took_{0};
  int rounds_ = 0;
};

}  // namespace moult
