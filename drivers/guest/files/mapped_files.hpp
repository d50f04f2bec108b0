#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/machine.hpp"

namespace moult::files {

/// A file that some process maps for shared writing.
struct MappedFile {
  std::string path;  ///< absolute, as that process sees it
  std::uint64_t ino = 0;
};

/// Writes through a mapping raise no event as long as it lasts (its end does: the file is closed then). Cost: one read
/// of every process's maps, whatever the size of any tree. nullopt: some process's maps were not to be had until the
/// deadline, for it waits itself, on a frozen file system perhaps, with its memory locked.
[[nodiscard]] std::optional<std::vector<MappedFile>> files_mapped_for_writing(Millis deadline);

}  // namespace moult::files
