#pragma once

#include "drivers/disk_throttle.hpp"
#include "drivers/machine_lifecycle.hpp"
#include "tests/drivers/contract/support.hpp"

namespace moult::contract {

/// One machine that runs, and the seam over its disks. Each function is one promise; it leaves the machine running, and
/// its limits as it found them.
struct ThrottleContext {
  DiskThrottle& throttle;
  MachineLifecycle& lifecycle;
  MachineRef machine;
};

void limits_are_put_back_to_the_letter(const ThrottleContext& context);
void a_limit_can_be_changed_and_is_never_looser_than_the_owners(const ThrottleContext& context);
void a_machine_that_is_off_has_lost_its_limits(const ThrottleContext& context);
void what_was_written_is_told_of_each_disk(const ThrottleContext& context);
void what_makes_no_sense_is_refused(const ThrottleContext& context);

void disk_throttle_contract(const ThrottleContext& context);

}  // namespace moult::contract
