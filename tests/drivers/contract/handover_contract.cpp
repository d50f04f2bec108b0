#include "tests/drivers/contract/handover_contract.hpp"

#include <memory>
#include <optional>

namespace moult::contract {
namespace {

constexpr Millis kLetGo{20'000}, kGrace{0}, kPause{100};
constexpr int kLooks = 100;
using Chains = std::vector<std::vector<std::string>>;

HandedDisk disk_of(const DiskContext& context) {
  return {context.machine.run, context.machine.machine, context.target};
}

MachineRef machine_of(const DiskContext& context, DiskSide side) {
  const auto& original = context.machine.machine;
  return side == DiskSide::original ? original : context.machine.cloner.clone_of(context.machine.run, original);
}

std::unique_ptr<GuestAccess> guest_of(const DiskContext& context, DiskSide side) {
  return context.machine.access(machine_of(context, side));
}

DiskOwner owner_of(const DiskContext& context) { return value_of(context.disks.owner(disk_of(context))); }

std::optional<DiskImage> held(const DiskContext& context, DiskSide side) {
  return value_of(context.disks.held(disk_of(context), side));
}

Chains chains_of(const DiskContext& context) {
  Chains chains;
  for (const auto& disk : value_of(context.machine.lifecycle.inspect(context.machine.machine)).disks)
    if (!disk.read_only) chains.push_back(disk.chain);
  return chains;
}

std::string file_on(const DiskContext& context) { return context.mount + "/moult-contract"; }
std::string content_on(const DiskContext& context, DiskSide side) {
  return get_text(*guest_of(context, side), file_on(context));
}
void write_on(const DiskContext& context, DiskSide side, const std::string& text) {
  put_text(*guest_of(context, side), file_on(context), text);
}

bool is_mounted(const DiskContext& context, GuestAccess& guest) {
  Command command;
  command.argv = {"findmnt", "-n", "--mountpoint", context.mount};
  return value_of(guest.run(command)).good();
}

void make_clone(const DiskContext& context) {
  const auto& on = context.machine;
  REQUIRE_GOOD(on.network.create(on.run, on.machine.uri));
  REQUIRE_GOOD(on.cloner.prepare(on.run, on.machine));
  REQUIRE_GOOD(on.cloner.snapshot(on.run, on.machine));
  REQUIRE_GOOD(on.cloner.create_clone(on.run, on.machine));
  (void)guest_of(context, DiskSide::clone);
}

/// A guest that has just booted, or got its disk, may not have found it yet.
void await_mount(const DiskContext& context, GuestAccess& guest) {
  Command mount;
  mount.argv = {"mount", context.mount};
  for (int look = 0; look < kLooks && !is_mounted(context, guest); ++look) {
    context.wait(kPause);
    (void)guest.run(mount);
  }
  REQUIRE(is_mounted(context, guest));
}

/// The guest unmounts, and the machine gives the disk up; twice, which changes nothing.
void take(const DiskContext& context, DiskSide side) {
  const auto guest = guest_of(context, side);
  await_mount(context, *guest);
  context.use(*guest, false);
  must_run(*guest, {"umount", context.mount});
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.disks.take_out(disk_of(context), side, kLetGo));
  CHECK(held(context, side) == std::nullopt);
}

/// The machine gets the disk, twice, and its guest mounts it.
void give(const DiskContext& context, DiskSide side, DiskImage image) {
  const auto epoch = owner_of(context).epoch;
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.disks.put_in(disk_of(context), side, image, epoch));
  CHECK(held(context, side) == image);
  CHECK(owner_of(context) == DiskOwner{epoch + 1, side, image});
  await_mount(context, *guest_of(context, side));
}

Code refused_code(const DiskContext& context, DiskSide side, DiskImage image, std::uint64_t epoch) {
  return code_of(context.disks.put_in(disk_of(context), side, image, epoch));
}

/// The original has the disk: the run ends, and nothing of it is left.
void end_run(const DiskContext& context, const Chains& chains) {
  const auto& on = context.machine;
  REQUIRE_GOOD(on.cloner.discard_clone(on.run, on.machine));
  REQUIRE_GOOD(on.cloner.restore_chain(on.run, on.machine));
  REQUIRE_GOOD(on.network.remove(on.run, on.machine.uri));
  CHECK(chains_of(context) == chains);
  CHECK(owner_of(context) == DiskOwner{});
  const auto guest = guest_of(context, DiskSide::original);
  must_run(*guest, {"rm", file_on(context)});
  context.use(*guest, true);
}

/// The clone has the disk, on which the original wrote last.
void hand_over(const DiskContext& context) {
  make_clone(context);
  CHECK(held(context, DiskSide::clone) == DiskImage::scratch);
  write_on(context, DiskSide::original, "the original's");
  take(context, DiskSide::clone);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.disks.make_image(disk_of(context), DiskImage::handed));
  CHECK(refused_code(context, DiskSide::clone, DiskImage::handed, 0) == Code::refused);  // the original has it
  take(context, DiskSide::original);
  give(context, DiskSide::clone, DiskImage::handed);
  CHECK(content_on(context, DiskSide::clone) == "the original's");
  write_on(context, DiskSide::clone, "the clone's");
}

}  // namespace

void a_disk_that_changed_hands_comes_back_as_it_was(const DiskContext& context) {
  const auto chains = chains_of(context);
  CHECK(owner_of(context) == DiskOwner{});
  CHECK(held(context, DiskSide::original) == DiskImage::own);
  CHECK(held(context, DiskSide::clone) == std::nullopt);
  hand_over(context);
  CHECK(code_of(context.machine.cloner.discard_clone(context.machine.run, context.machine.machine)) == Code::refused);
  CHECK(refused_code(context, DiskSide::original, DiskImage::own, 1) == Code::refused);  // the clone has it
  take(context, DiskSide::clone);
  CHECK(refused_code(context, DiskSide::original, DiskImage::own, 0) == Code::refused);  // a stale reader
  CHECK(held(context, DiskSide::original) == std::nullopt);
  give(context, DiskSide::original, DiskImage::own);
  CHECK(content_on(context, DiskSide::original) == "the original's");
  end_run(context, chains);
}

void a_disk_comes_back_with_what_was_written_to_it(const DiskContext& context) {
  const auto chains = chains_of(context);
  hand_over(context);
  take(context, DiskSide::clone);
  give(context, DiskSide::original, DiskImage::handed);
  CHECK(content_on(context, DiskSide::original) == "the clone's");
  CHECK(code_of(context.disks.make_image(disk_of(context), DiskImage::handed)) == Code::refused);
  end_run(context, chains);
}

void an_original_that_goes_on_from_the_disk_as_it_was_leaves_the_clones_alone(const DiskContext& context) {
  const auto chains = chains_of(context);
  hand_over(context);
  REQUIRE_GOOD(context.disks.make_image(disk_of(context), DiskImage::returned));
  take(context, DiskSide::clone);
  give(context, DiskSide::original, DiskImage::returned);
  CHECK(content_on(context, DiskSide::original) == "the original's");
  write_on(context, DiskSide::original, "of the way back");
  take(context, DiskSide::original);
  give(context, DiskSide::clone, DiskImage::handed);  // the way back is given up
  CHECK(content_on(context, DiskSide::clone) == "the clone's");
  take(context, DiskSide::clone);
  give(context, DiskSide::original, DiskImage::returned);
  CHECK(content_on(context, DiskSide::original) == "of the way back");
  end_run(context, chains);
}

void a_machine_without_its_disk_starts_without_it(const DiskContext& context) {
  const auto& on = context.machine;
  const auto chains = chains_of(context);
  hand_over(context);
  REQUIRE_GOOD(on.lifecycle.stop(on.machine, kGrace));
  REQUIRE_GOOD(on.lifecycle.start(on.machine));
  CHECK_FALSE(is_mounted(context, *guest_of(context, DiskSide::original)));
  CHECK(held(context, DiskSide::original) == std::nullopt);
  take(context, DiskSide::clone);
  REQUIRE_GOOD(on.cloner.discard_clone(on.run, on.machine));
  CHECK(code_of(on.cloner.restore_chain(on.run, on.machine)) == Code::refused);  // nobody has the disk
  give(context, DiskSide::original, DiskImage::own);
  end_run(context, chains);
}

void disk_handover_contract(const DiskContext& context) {
  a_disk_that_changed_hands_comes_back_as_it_was(context);
  a_disk_comes_back_with_what_was_written_to_it(context);
  an_original_that_goes_on_from_the_disk_as_it_was_leaves_the_clones_alone(context);
  a_machine_without_its_disk_starts_without_it(context);
}

}  // namespace moult::contract
