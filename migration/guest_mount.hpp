#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/clock.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// A mounted file system, as its guest tells of it.
struct MountFacts {
  std::string source, type, options;
  std::string root;  ///< which part of the file system; "/": the whole
  std::string uuid;  ///< empty: it has none
  friend bool operator==(const MountFacts&, const MountFacts&) = default;
};

/// What is mounted on exactly this directory; nothing: it is no mount point.
[[nodiscard]] Result<std::optional<MountFacts>> find_mount(GuestAccess& guest, const std::string& directory);

/// The device on which the guest sees the file system of this UUID, mounted or not; empty: it sees none.
[[nodiscard]] Result<std::string> find_file_system(GuestAccess& guest, const std::string& uuid);

/// Unmounts it, which writes out what is dirty. While somebody uses it, or has it mounted in another place or name
/// space, or the kernel still writes, it is tried again until `deadline`. Idempotent. `uuid`: of its file system;
/// empty: not known, and nobody is looked for. Error: refused, with what umount says, or who has it.
[[nodiscard]] Result<> unmount(GuestAccess& guest, Clock& clock, const std::string& directory, const std::string& uuid,
                               Millis deadline);

/// Mounts the file system of this UUID, once the guest has found its disk, and sees that it is that one. Without facts:
/// as the guest's fstab says. Idempotent. Error: timeout, with what mount says.
[[nodiscard]] Result<> mount(GuestAccess& guest, Clock& clock, const std::optional<MountFacts>& facts,
                             const std::string& directory, Millis deadline);

}  // namespace moult
