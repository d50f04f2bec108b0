#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/machine.hpp"

namespace moult::files {

/// A regular file that can be written to without anybody opening it first.
struct HeldFile {
  std::string
      path;  ///< absolute, as its holder sees it; where it is deleted there, or mounted elsewhere, it names nothing
  std::uint64_t ino = 0;  ///< 0: not known
  bool mapped = false;    ///< through a mapping: a write to a page that is dirty already does not even move the times
};

/// The files that some process has open or mapped for writing, and those behind loop devices. What is written through a
/// mapping, by the kernel's asynchronous I/O (io_submit; io_uring before Linux 5.18) or through a loop device raises no
/// event as long as the file is held; the end of the hold does, for the file is closed then (FAN_CLOSE_WRITE). So the
/// events and these files together are all that may have changed. Not seen: a descriptor that is under way in a
/// socket, in a table that one thread has for itself (unshare(CLONE_FILES)), or among io_uring's registered files.
/// Cost: one look at every process, whatever the size of any tree. nullopt: some process could not be looked at until
/// the deadline, for it waits itself, on a frozen file system perhaps, with its memory locked.
[[nodiscard]] std::optional<std::vector<HeldFile>> files_held_for_writing(Millis deadline);

}  // namespace moult::files
