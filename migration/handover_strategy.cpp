#include "migration/handover_strategy.hpp"

#include <fstream>
#include <utility>

namespace moult {
namespace {

/// A guest has so long to unmount, to let go of a device, and to mount. Beyond it the cutover is given up.
constexpr Millis kUnmount{5'000};
constexpr Millis kLetGo{10'000};
constexpr Millis kMount{10'000};

Result<GuestAccess*> guest_of(const SessionOf& session) {
  MOULT_ASSIGN(GuestSession * opened, session());
  return &opened->access();
}

}  // namespace

Result<> HandoverStrategy::note_mount(const MountFacts& facts) {
  facts_ = facts;
  if (setup_.spool.empty()) return {};
  std::ofstream file(setup_.spool, std::ios::trunc);
  file << facts.source << ' ' << facts.type << ' ' << facts.options << ' ' << facts.uuid << ' ' << facts.root << '\n';
  return {};  // without it a process that takes the run up mounts as the guest's fstab says
}

std::optional<MountFacts> HandoverStrategy::known_mount() {
  if (facts_) return facts_;
  std::ifstream file(setup_.spool);
  MountFacts facts;
  if (file >> facts.source >> facts.type >> facts.options >> facts.uuid >> facts.root) facts_ = facts;
  return facts_;
}

/// Nothing is captured: what is learned is how the disk is mounted.
Result<> HandoverStrategy::start_capture() {
  if (!forward()) return {};
  MOULT_ASSIGN(GuestAccess * guest, guest_of(setup_.source.session));
  MOULT_ASSIGN(const auto found, find_mount(*guest, setup_.mount));
  if (!found)
    return fail(Code::refused, "data set " + name() + ": nothing is mounted on " + setup_.mount,
                "Mount disk " + setup_.disk.target + " there.");
  return note_mount(*found);
}

Result<> HandoverStrategy::migrate_all() { return convert(setup_.target, setup_.convert); }

Result<RoundReport> HandoverStrategy::round() {
  RoundReport report;
  report.number = ++rounds_;
  return report;
}

/// The disk goes with everything that was written to it, so nobody has to be stopped; what is dirty is written out
/// while the serving side may still write, so that the unmount has less to do.
Result<> HandoverStrategy::fence(Millis) {
  MOULT_ASSIGN(GuestSession * session, setup_.source.session());
  return session->files().sync({});
}

Result<Verification> HandoverStrategy::verify() {
  const auto facts = known_mount();
  if (!facts) return Verification{};
  MOULT_ASSIGN(GuestAccess * guest, guest_of(setup_.source.session));
  MOULT_ASSIGN(const auto found, find_mount(*guest, setup_.mount));
  const auto seen = found ? found->uuid : std::string("none");
  return Verification{seen == facts->uuid, seen, facts->uuid};
}

Result<bool> HandoverStrategy::is_on(const End& end) {
  MOULT_ASSIGN(const auto facts, seams_.lifecycle.inspect(end.machine));
  return facts.state == PowerState::running || facts.state == PowerState::paused;
}

Result<> HandoverStrategy::unmount_at(const End& end) {
  MOULT_ASSIGN(GuestAccess * guest, guest_of(end.session));
  MOULT_ASSIGN(const auto found, find_mount(*guest, setup_.mount));
  if (!found) return {};
  return unmount(*guest, seams_.clock, setup_.mount, kUnmount);
}

Result<> HandoverStrategy::release(const End& end) {
  MOULT_ASSIGN(const auto held, seams_.disks.held(setup_.disk, end.side));
  if (!held) return seams_.disks.take_out(setup_.disk, end.side, kLetGo);  // in both its descriptions
  MOULT_ASSIGN(const bool on, is_on(end));
  if (on) MOULT_TRY(unmount_at(end));
  return seams_.disks.take_out(setup_.disk, end.side, kLetGo);
}

Result<> HandoverStrategy::accept(const End& end, DiskImage image) {
  MOULT_ASSIGN(const auto owner, seams_.disks.owner(setup_.disk));
  MOULT_TRY(seams_.disks.put_in(setup_.disk, end.side, image, owner.epoch));
  MOULT_ASSIGN(const bool on, is_on(end));
  if (!on) return {};  // it mounts the disk when it starts
  MOULT_ASSIGN(GuestAccess * guest, guest_of(end.session));
  return mount(*guest, seams_.clock, known_mount(), setup_.mount, kMount);
}

Result<> HandoverStrategy::convert(const End& end, const Argv& argv) {
  if (argv.empty()) return {};
  MOULT_ASSIGN(GuestAccess * guest, guest_of(end.session));
  Command command;
  command.argv = argv;
  command.env["MOULT_DATA_ROOT"] = setup_.mount;
  command.env["MOULT_DATA_SET"] = name();
  command.timeout = setup_.command_timeout;
  auto outcome = guest->run(command);
  if (!outcome) return pass(std::move(outcome), "migrate " + name());
  if (outcome->good()) return {};
  return fail(Code::failed,
              "data set " + name() + ": " + argv.front() + " ended with " + std::to_string(outcome->exit_code) + ": " +
                  outcome->err.substr(0, 200),
              "Mend the vendor's command; the side that served goes on.");
}

Result<> HandoverStrategy::clear_target() {
  MOULT_ASSIGN(GuestAccess * source, guest_of(setup_.source.session));
  MOULT_ASSIGN(const auto found, find_mount(*source, setup_.mount));
  if (!found) return fail(Code::refused, "data set " + name() + ": nothing is mounted on " + setup_.mount);
  MOULT_TRY(note_mount(*found));
  MOULT_TRY(release(setup_.target));
  return forward() ? seams_.disks.make_image(setup_.disk) : Result<>{};
}

Result<bool> HandoverStrategy::lend() {
  const auto& clone = forward() ? setup_.target : setup_.source;
  MOULT_ASSIGN(const auto held, seams_.disks.held(setup_.disk, clone.side));
  if (held == DiskImage::scratch) {
    MOULT_ASSIGN(GuestAccess * guest, guest_of(clone.session));
    MOULT_ASSIGN(const auto mounted, find_mount(*guest, setup_.mount));
    if (mounted) return false;
  }
  MOULT_TRY(accept(clone, DiskImage::scratch));
  return true;
}

Result<> HandoverStrategy::hand_over() {
  MOULT_TRY(release(setup_.source));
  MOULT_TRY(accept(setup_.target, setup_.image));
  return convert(setup_.target, setup_.convert);
}

Result<> HandoverStrategy::hand_back() {
  auto released = release(setup_.target);
  if (!released && forward()) {
    MOULT_TRY(seams_.lifecycle.stop(setup_.target.machine, Millis{0}));
    released = release(setup_.target);
  }
  MOULT_TRY(std::move(released));
  MOULT_TRY(accept(setup_.source, forward() ? DiskImage::own : DiskImage::handed));
  return convert(setup_.source, setup_.unconvert);
}

}  // namespace moult
