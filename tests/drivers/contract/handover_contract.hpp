#pragma once

#include "drivers/disk_handover.hpp"
#include "tests/drivers/contract/machine_contract.hpp"

namespace moult::contract {

/// A machine with a data disk, and the seam by which that changes hands. Each function is one promise; it leaves the
/// machine with its disk, mounted and in use, and its chain as it found it.
struct DiskContext {
  MachineContext machine;
  DiskHandover& disks;
  std::string target;  ///< the data disk, "vdb"
  std::string mount;   ///< where the guest has it mounted, also by its fstab, which takes a missing one
  /// Starts (true) or stops what uses the disk in a guest.
  std::function<void(GuestAccess& guest, bool on)> use;
  Wait wait;
};

void a_disk_that_changed_hands_comes_back_as_it_was(const DiskContext& context);
void a_disk_comes_back_with_what_was_written_to_it(const DiskContext& context);
void an_original_that_goes_on_from_the_disk_as_it_was_leaves_the_clones_alone(const DiskContext& context);
void a_machine_without_its_disk_starts_without_it(const DiskContext& context);

/// All of them.
void disk_handover_contract(const DiskContext& context);

}  // namespace moult::contract
