#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/clock.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// A mounted file system, as its guest tells of it.
struct MountFacts {
  std::string source, type, options, uuid;
  std::string root;  ///< which part of the file system; "/": the whole
  friend bool operator==(const MountFacts&, const MountFacts&) = default;
};

/// What is mounted on exactly this directory; nothing: it is no mount point.
[[nodiscard]] Result<std::optional<MountFacts>> find_mount(GuestAccess& guest, const std::string& directory);

/// Unmounts it, which writes out what is dirty. While somebody uses it, it is tried again until `deadline`. Idempotent.
/// Error: refused, with what umount says: it is mounted as before.
[[nodiscard]] Result<> unmount(GuestAccess& guest, Clock& clock, const std::string& directory, Millis deadline);

/// Mounts the file system of this UUID, once the guest has found its disk, and sees that it is that one. Without facts:
/// as the guest's fstab says. Idempotent. Error: timeout, with what mount says.
[[nodiscard]] Result<> mount(GuestAccess& guest, Clock& clock, const std::optional<MountFacts>& facts,
                             const std::string& directory, Millis deadline);

}  // namespace moult
