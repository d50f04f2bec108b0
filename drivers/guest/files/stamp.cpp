#include "drivers/guest/files/stamp.hpp"

#include <algorithm>

#include "drivers/guest/files/wire.hpp"

namespace moult::files {
namespace {

// Coarse time moves once a tick, at most every 10 ms (CONFIG_HZ=100); twice that is on the safe side.
constexpr std::int64_t kTickSlackNs = 20'000'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;

std::int64_t nanoseconds(const struct timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

}  // namespace

Stamp stamp_of(const struct stat& st) {
  const bool directory = S_ISDIR(st.st_mode);
  std::string bytes;
  bytes.reserve(80);
  WireWriter writer(bytes);
  writer.number(static_cast<std::uint64_t>(st.st_ino));
  writer.number(st.st_mode);
  writer.number(st.st_uid);
  writer.number(st.st_gid);
  writer.number(static_cast<std::uint64_t>(st.st_rdev));
  writer.number(static_cast<std::uint64_t>(directory ? 0 : st.st_size));
  writer.number(static_cast<std::uint64_t>(directory ? 0 : st.st_nlink));
  writer.number(nanoseconds(st.st_mtim));
  writer.number(nanoseconds(st.st_ctim));
  const Hash hash = hash_of(bytes);
  Stamp stamp;
  std::copy_n(hash.begin(), stamp.size(), stamp.begin());
  return stamp;
}

Entry entry_of(const struct stat& st) {
  Entry entry;
  entry.ino = st.st_ino;
  entry.stamp = stamp_of(st);
  entry.mode = st.st_mode;
  entry.set(Entry::linked, !S_ISDIR(st.st_mode) && st.st_nlink > 1);
  return entry;
}

std::int64_t wall_now() {
  struct timespec now {};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

bool changed_before(const struct stat& st, std::int64_t time) {
  // A file system whose inodes have room for whole seconds alone: the change came within that second.
  const std::int64_t within = st.st_ctim.tv_nsec == 0 ? kSecondNs : 0;
  return nanoseconds(st.st_ctim) + within < time - kTickSlackNs;
}

}  // namespace moult::files
