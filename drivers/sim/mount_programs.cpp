// findmnt, findfs, mount, umount, udevadm and lsblk of a simulated guest: as far as a disk that changes hands needs
// them.
#include <algorithm>

#include "drivers/sim/programs.hpp"

namespace moult::sim {
namespace {

std::string uuid_of(const Disk& disk) { return "00000000-0000-4000-8000-" + disk.target; }

/// Of several, the one that is mounted there.
Disk* disk_at(Process& process, std::string_view mount) {
  auto& disks = process.domain.disks;
  const auto there = [&](const Disk& disk) { return disk.mount == mount; };
  auto found = std::find_if(disks.begin(), disks.end(), [&](const Disk& disk) { return there(disk) && disk.mounted; });
  if (found == disks.end()) found = std::find_if(disks.begin(), disks.end(), there);
  return found == disks.end() ? nullptr : &*found;
}

Disk* disk_with(Process& process, std::string_view uuid) {
  auto& disks = process.domain.disks;
  const auto found = std::find_if(disks.begin(), disks.end(), [&](const Disk& disk) { return uuid_of(disk) == uuid; });
  return found == disks.end() ? nullptr : &*found;
}

Result<> find_mount(Process& process) {
  const Disk* disk = disk_at(process, process.argv().back());
  if (disk == nullptr || !disk->mounted) {
    process.outcome.exit_code = 1;
    return {};
  }
  process.outcome.out = "/dev/" + disk->target + " ext4 rw,relatime / " + uuid_of(*disk) + "\n";
  return {};
}

Result<> find_file_system(Process& process) {
  const std::string_view wanted = process.argv().back();
  const Disk* disk = disk_with(process, wanted.substr(wanted.find('=') + 1));
  if (disk == nullptr) return process.complain(1, "unable to resolve '" + std::string(wanted) + "'");
  process.outcome.out = "/dev/" + disk->target + "\n";
  return {};
}

/// The owner's services keep it busy for as long as they run.
bool is_busy(Process& process, const Disk& disk) {
  const auto& stopped = process.domain.guest.stopped;
  for (const auto& component : process.world.vendor().descriptor().components)
    for (const auto& data : component.data)
      if (component.machine == process.domain.ref.name && data.root == disk.mount && !component.hooks.stop.empty() &&
          process.domain.guest.booted && stopped.count("hook " + component.name) == 0)
        return true;
  return false;
}

Result<> unmount(Process& process) {
  const Disk* disk = disk_at(process, process.argv().back());
  if (disk == nullptr || !disk->mounted) return process.complain(32, "not mounted");
  if (is_busy(process, *disk)) return process.complain(32, "target is busy");
  process.world.unmount(process.domain, disk->target);
  return {};
}

Result<> mount(Process& process) {
  const Disk* disk = disk_at(process, process.argv().back());
  if (disk == nullptr) return process.complain(32, "special device does not exist");
  process.world.mount(process.domain, disk->target);
  return {};
}

/// One line: bytes, and what it is.
Result<> list_block(Process& process) {
  process.outcome.out = "4294967296 disk\n";
  return {};
}

}  // namespace

/// No simulated guest has name spaces.
Result<> look_for_mounts(Process& process, const std::string& uuid) {
  const Disk* disk = disk_with(process, uuid);
  process.outcome.out = disk != nullptr && disk->mounted ? "/proc/1/mountinfo\nlooked\n" : "looked\n";
  return {};
}

Ran run_mount_tool(Process& process, std::string_view program) {
  if (program == "findmnt") return find_mount(process);
  if (program == "findfs") return find_file_system(process);
  if (program == "umount") return unmount(process);
  if (program == "mount") return mount(process);
  if (program == "lsblk") return list_block(process);
  if (program == "udevadm") return Result<>{};
  return std::nullopt;
}

}  // namespace moult::sim
