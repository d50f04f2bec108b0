#include "migration/handover_strategy.hpp"

#include <algorithm>
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

/// Without it a process that takes the run up mounts as the guest's fstab says, and forecasts no conversion.
void HandoverStrategy::write_down() const {
  if (setup_.spool.empty() || !facts_) return;
  std::ofstream file(setup_.spool, std::ios::trunc);
  file << facts_->source << ' ' << facts_->type << ' ' << facts_->options << ' ' << facts_->root << ' ' << facts_->uuid
       << '\n'
       << conversion_took_.count() << '\n';
}

void HandoverStrategy::note_mount(const MountFacts& facts) {
  (void)known_mount();  // for what an earlier process wrote down beside it
  facts_ = facts;
  write_down();
}

std::optional<MountFacts> HandoverStrategy::known_mount() {
  if (facts_) return facts_;
  std::ifstream file(setup_.spool);
  MountFacts facts;
  if (!(file >> facts.source >> facts.type >> facts.options >> facts.root >> facts.uuid)) return std::nullopt;
  facts_ = facts;
  Millis::rep took = 0;
  if (file >> took) conversion_took_ = std::max(conversion_took_, Millis{took});
  return facts_;
}

Millis HandoverStrategy::conversion_took() {
  (void)known_mount();  // which tells what an earlier process measured
  return conversion_took_;
}

/// Nothing is captured: what is learned is how the disk is mounted.
Result<> HandoverStrategy::start_capture() {
  if (!forward()) return {};
  MOULT_ASSIGN(GuestAccess * guest, guest_of(setup_.source.session));
  MOULT_ASSIGN(const auto found, find_mount(*guest, setup_.mount));
  if (!found)
    return fail(Code::refused, "data set " + name() + ": nothing is mounted on " + setup_.mount,
                "Mount disk " + setup_.disk.target + " there.");
  note_mount(*found);
  return {};
}

Result<> HandoverStrategy::migrate_all() {
  const auto begin = seams_.clock.steady();
  MOULT_TRY(convert(setup_.target, setup_.convert));
  const auto took = std::chrono::duration_cast<Millis>(seams_.clock.steady() - begin);
  conversion_took_ = std::max(conversion_took(), took);
  write_down();
  return {};
}

Result<RoundReport> HandoverStrategy::round() {
  RoundReport report;
  report.number = ++rounds_;
  return report;
}

/// What is left behind on a disk that goes back as it was handed over nobody has counted.
Result<Pending> HandoverStrategy::pending() {
  if (setup_.image != DiskImage::returned) return Pending{};
  return fail(Code::refused, "data set " + name() + ": nothing notices what is written to a disk that changed hands");
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
  const auto facts = known_mount();
  const auto uuid = facts ? facts->uuid : std::string();
  auto guest = guest_of(end.session);
  auto done =
      guest ? unmount(**guest, seams_.clock, setup_.mount, uuid, kUnmount) : Result<>(Unexpected(guest.error()));
  if (done || done.error().code != Code::unreachable) return done;
  auto agent = seams_.guests.agent(end.machine);
  return agent ? unmount(**agent, seams_.clock, setup_.mount, uuid, kUnmount) : done;
}

Result<> HandoverStrategy::release(const End& end) {
  MOULT_ASSIGN(const auto held, seams_.disks.held(setup_.disk, end.side));
  if (!held) return seams_.disks.take_out(setup_.disk, end.side, kLetGo);  // in both its descriptions
  MOULT_ASSIGN(const bool on, is_on(end));
  if (on) MOULT_TRY(unmount_at(end));
  return seams_.disks.take_out(setup_.disk, end.side, kLetGo);
}

/// One that hangs is powered off, so that the side that is to serve can have the disk.
Result<> HandoverStrategy::release_or_stop(const End& end) {
  auto released = release(end);
  if (released) return {};
  MOULT_ASSIGN(const bool on, is_on(end));
  if (!on) return released;
  MOULT_TRY(seams_.lifecycle.stop(end.machine, Millis{0}));
  return release(end);
}

/// A guest that was asked for its disk, and hung, may let go of it at any time, under a file system that is mounted
/// again too. So a removal that was begun is ended first, should it be possible; then the disk is plugged in anew.
void HandoverStrategy::end_removal(const End& end) {
  const auto held = seams_.disks.held(setup_.disk, end.side);
  const auto on = is_on(end);
  if (!held || !*held || !on || !*on) return;
  const auto facts = known_mount();
  const auto guest = guest_of(end.session);
  if (!facts || !guest) return;
  const auto mounted = find_mount(**guest, setup_.mount);
  if (!mounted || *mounted) return;
  if (unmount(**guest, seams_.clock, setup_.mount, facts->uuid, Millis{0}))
    (void)seams_.disks.take_out(setup_.disk, end.side, kLetGo);
}

Result<> HandoverStrategy::accept(const End& end, DiskImage image, const DiskOwner& known) {
  MOULT_TRY(seams_.disks.put_in(setup_.disk, end.side, image, known.epoch));
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

/// The guest names its disks by itself, and two may be of one size. What was taken out of the clone was its scratch
/// disk: where the file system is there still, it was the wrong one.
Result<> HandoverStrategy::refuse_other_disk() {
  MOULT_ASSIGN(GuestAccess * guest, guest_of(setup_.target.session));
  MOULT_ASSIGN(const auto device, find_file_system(*guest, facts_->uuid));
  if (device.empty()) return {};
  return fail(Code::refused,
              "data set " + name() + ": disk " + setup_.disk.target +
                  " was taken out of the clone, and what is mounted on " + setup_.mount + " is there still, on " +
                  device + ": that is another disk",
              "Name the disk that is mounted there.");
}

Result<> HandoverStrategy::clear_target() {
  MOULT_ASSIGN(GuestAccess * source, guest_of(setup_.source.session));
  MOULT_ASSIGN(const auto found, find_mount(*source, setup_.mount));
  if (!found) return fail(Code::refused, "data set " + name() + ": nothing is mounted on " + setup_.mount);
  note_mount(*found);
  MOULT_TRY(release(setup_.target));
  if (forward()) MOULT_TRY(refuse_other_disk());
  if (!forward() && setup_.image == DiskImage::handed) return {};  // it goes on in the one that the clone has
  auto made = seams_.disks.make_image(setup_.disk, setup_.image);
  if (!made && made.error().code == Code::refused)
    made.error().remedy = "Nothing is lost: end this run, and start another one.";
  return made;
}

Result<bool> HandoverStrategy::lend() {
  const auto& clone = forward() ? setup_.target : setup_.source;
  MOULT_ASSIGN(const auto held, seams_.disks.held(setup_.disk, clone.side));
  if (held == DiskImage::scratch) {
    MOULT_ASSIGN(GuestAccess * guest, guest_of(clone.session));
    MOULT_ASSIGN(const auto mounted, find_mount(*guest, setup_.mount));
    if (mounted) return false;
  }
  MOULT_ASSIGN(const auto known, owner());
  MOULT_TRY(accept(clone, DiskImage::scratch, known));
  return true;
}

Result<> HandoverStrategy::enter_target() {
  MOULT_ASSIGN(const auto known, owner());
  return accept(setup_.target, setup_.image, known);
}

Result<bool> HandoverStrategy::is_with_target() {
  MOULT_ASSIGN(const auto held, seams_.disks.held(setup_.disk, setup_.target.side));
  return held && *held != DiskImage::scratch;
}

Result<bool> HandoverStrategy::is_with_source() {
  MOULT_ASSIGN(const auto held, seams_.disks.held(setup_.disk, setup_.source.side));
  if (!held || *held == DiskImage::scratch) return false;
  MOULT_ASSIGN(const bool on, is_on(setup_.source));
  if (!on) return true;  // it mounts the disk when it starts
  MOULT_ASSIGN(GuestAccess * guest, guest_of(setup_.source.session));
  MOULT_ASSIGN(const auto found, find_mount(*guest, setup_.mount));
  return found.has_value();
}

/// What the source had. An original that has its disk keeps what the record says; a clone has `handed`, unless the
/// original went on below it.
Result<DiskImage> HandoverStrategy::image_of_source(const DiskOwner& owner) const {
  if (forward()) return owner.side == DiskSide::original ? owner.image : DiskImage::own;
  if (owner.side == DiskSide::clone || owner.image != DiskImage::own) return DiskImage::handed;
  return fail(Code::refused,
              "data set " + name() + ": the original has gone on with disk " + setup_.disk.target +
                  " as it was before the cutover, so the clone's image of it is good for nothing any more",
              "See docs/recovery.md, \"A disk that was to change hands\".");
}

Result<> HandoverStrategy::hand_back() {
  MOULT_ASSIGN(const auto known, owner());
  MOULT_ASSIGN(const auto image, image_of_source(known));
  MOULT_TRY(release_or_stop(setup_.target));
  end_removal(setup_.source);
  MOULT_TRY(accept(setup_.source, image, known));  // who has chosen by an older record is refused
  return convert(setup_.source, setup_.unconvert);
}

}  // namespace moult
