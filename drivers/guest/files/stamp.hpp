#pragma once

#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <ctime>

#include "drivers/guest/files/hashes.hpp"

namespace moult::files {

/// What the file system says of an inode, in 16 bytes: number, kind, mode, owner, size, links, mtime, ctime. Two equal
/// stamps mean an untouched inode. A clone's untouched files keep the original's stamps, since the disk is the same.
using Stamp = std::array<unsigned char, 16>;
[[nodiscard]] Stamp stamp_of(const struct stat& st);

/// What is known of one path.
struct Entry {
  enum Flag : std::uint8_t {
    hash_valid = 1,  ///< `hash` describes the inode that `stamp` describes
    carried = 2,     ///< counted in the digest, with `hash`
    linked = 4,      ///< more than one name at that time
    settled = 8,     ///< its ctime was old enough when it was read: another change moves the stamp
    synced = 16,     ///< as settled, and no page was dirty: also true for writes through memory mappings
    absent = 32,     ///< known not to be there, kept for the digest
    turned = 64,     ///< on the target: in the form that `migrate` gave it
    doubted = 128,   ///< on the target: found unlike the source's, to be carried again
  };
  std::uint64_t ino = 0;
  std::uint64_t attributes = 0;  ///< directories on the target: mode, owner and xattrs without times
  Stamp stamp{};
  Hash hash{};  ///< of the record, see record_hash
  std::uint32_t mode = 0;
  std::uint32_t seen = 0;  ///< the scan that last met it
  std::uint8_t flags = 0;
  bool at_rest = false;  ///< on the source: no write to it was under way when it was read (see may_differ)

  [[nodiscard]] bool is(Flag flag) const { return (flags & flag) != 0; }
  void set(Flag flag, bool on = true) { flags = static_cast<std::uint8_t>(on ? flags | flag : flags & ~flag); }
};

[[nodiscard]] Entry entry_of(const struct stat& st);
[[nodiscard]] inline bool same_inode(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Wall-clock time in nanoseconds, as the file system stamps it (coarse).
[[nodiscard]] std::int64_t wall_now();
/// Was the inode changed last well before `time`? Clock ticks are what file systems count in.
[[nodiscard]] bool changed_before(const struct stat& st, std::int64_t time);

}  // namespace moult::files
