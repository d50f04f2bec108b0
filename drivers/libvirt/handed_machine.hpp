#pragma once

#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/disk_handover.hpp"
#include "drivers/libvirt/handles.hpp"

// Looks at the machines between which a disk changes hands; changes nothing.
namespace moult::virt {

/// One of them as it is now.
struct HandedMachine {
  DomainHandle domain;
  std::string live, persistent;  ///< its descriptions; of one that is off they are the same
  bool running = false;
};

[[nodiscard]] std::string domain_of(const HandedDisk& disk, DiskSide side);

/// Nothing: there is no such domain.
[[nodiscard]] Result<std::optional<HandedMachine>> find_machine(_virConnect* connection, const HandedDisk& disk,
                                                                DiskSide side);
/// Error: not_found.
[[nodiscard]] Result<HandedMachine> see_machine(_virConnect* connection, const HandedDisk& disk, DiskSide side);

/// The top image of the disk of this target; empty: there is none.
[[nodiscard]] Result<std::string> path_in(const std::string& xml, const std::string& target);
/// Where an image of the disk is, from any path in the same directory.
[[nodiscard]] std::string path_of(const HandedDisk& disk, DiskImage image, const std::string& beside);
/// Which image that is; nothing for no path.
[[nodiscard]] std::optional<DiskImage> image_at(const HandedDisk& disk, const std::string& path);
/// Any path of the run's images of this disk, for the directory that they are in. Error: not_found.
[[nodiscard]] Result<std::string> path_beside(_virConnect* connection, const HandedDisk& disk);

/// The machine has an image of the original's chain, or would open it when it is started.
[[nodiscard]] Result<bool> shares_chain(const HandedDisk& disk, const std::optional<HandedMachine>& machine);

/// What the original's description says of the disk's owner. Error: busy, another run's.
[[nodiscard]] Result<DiskOwner> record_in(const HandedDisk& disk, const HandedMachine& original);

}  // namespace moult::virt
