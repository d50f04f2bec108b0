#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "descriptors/appliance.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/sim/faults.hpp"

namespace moult {

/// What a simulated world is made of. The same options make the same world, and the same calls on it the same events.
struct SimOptions {
  ApplianceDescriptor appliance;
  MaintenanceDescriptor maintenance;          ///< its components are installed; none: machines alone
  std::map<std::string, std::string> levels;  ///< component -> level found; unnamed ones: a level that `from` allows
  std::uint64_t seed = 1;
  unsigned clients = 3;
  Millis think{400};             ///< mean pause of a client between requests; a tenth of it while a cutover is near
  unsigned files_per_set = 8;    ///< files that each data set has from the beginning
  unsigned disks = 1;            ///< of each machine; the first holds its files
  std::uint64_t disk_limit = 0;  ///< bytes a second that the owner lets each disk be written with; 0: no limit
  Millis slow_clone{0};          ///< what each path of a round costs a clone that it is applied to
  unsigned nics = 1;
  std::uint64_t free_bytes = 64ULL << 30U;  ///< of each host
  std::uint32_t silent_ppm = 20'000;        ///< writes of clients that raise no event, in a million: memory-mapped ones
  bool held_files_seen = true;              ///< false weakens capture: a round does not ask what is held for writing
  bool crashed_guests_reboot = true;        ///< by themselves, as libvirt's on_crash=restart does
  bool mounts_at_boot = true;               ///< a guest mounts a disk that changes hands by itself, as its fstab says
  sim::FaultPlan faults;
  bool keep_trace = false;  ///< keep the text of every event, not only its hash
  std::string world_file;   ///< shared with other processes by this file; empty: the world ends with its platform
};

}  // namespace moult
