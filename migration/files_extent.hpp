#pragma once

#include "migration/data_preflight.hpp"
#include "migration/mount_table.hpp"

namespace moult {

/// What is mounted in a `files` set, whose directory is really `real`, and not excluded from it.
[[nodiscard]] std::vector<const Mount*> mounts_in(const DataSpec& data, const std::string& real,
                                                  const MountTable& mounts);

/// The machine's other sets that hold some of the same files, though their paths differ: by a link, or by something
/// that is mounted twice. Of two `files` sets one tells of both. One command; none where there are no others.
[[nodiscard]] Result<std::vector<Error>> overlaps_of(const DataQuestion& question, const std::string& real,
                                                     const MountTable& mounts);

}  // namespace moult
