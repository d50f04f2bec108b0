#pragma once

#include "drivers/guest/files/beneath.hpp"
#include "drivers/guest/files/record.hpp"

namespace moult::files {

using Xattrs = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] Kind kind_of(mode_t mode);
/// Owner, mode, times, device number and size from a stat; no xattrs, flags or link.
[[nodiscard]] Meta meta_of(const std::string& path, const struct stat& st);

/// Extended attributes, sorted, ACLs and capabilities among them. Those that the kernel makes up (all of "system." but
/// the ACLs) are left out. nullopt: the file is gone. Errors: refused past 1 MiB.
Result<std::optional<Xattrs>> read_xattrs(const Place& place);
Result<Xattrs> read_xattrs(int fd);
/// Makes the attributes of what `file` (a path that follows nothing, or /proc/self/fd/N) names exactly `wanted`.
Result<> write_xattrs(const std::string& file, bool follow, const Xattrs& wanted);

/// Immutable, append-only, no-dump, no-atime, synchronous; 0 where the file system knows none.
[[nodiscard]] std::uint32_t read_inode_flags(int fd);
/// Immutable or append-only: not even root may link, rename or remove it.
[[nodiscard]] bool forbids_changes(std::uint32_t flags);
Result<> write_inode_flags(int fd, std::uint32_t flags);
/// Takes away what would keep root from changing or removing it. Nothing happens when neither flag is set.
void make_mutable(int fd);

Result<std::string> read_link(const Place& place);

/// Mode, owner and xattrs of a directory in one number: what its own change means, apart from what happens in it.
[[nodiscard]] std::uint64_t directory_attributes(const Meta& meta);

}  // namespace moult::files
