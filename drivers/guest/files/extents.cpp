#include "drivers/guest/files/extents.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "drivers/guest/files/hashes.hpp"
#include "drivers/guest/files/record.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

constexpr std::uint64_t kBlock = ContentHash::kBlock;

/// Two system calls saved for each small file without holes, which is nearly every small file.
bool surely_dense(const struct stat& st) {
  return st.st_size <= static_cast<off_t>(RecordWriter::kDataBytes) && st.st_blocks * 512 >= st.st_size;
}

}  // namespace

Extents::Extents(int fd, const struct stat& st, std::uint64_t from)
    : fd_(fd), size_(static_cast<std::uint64_t>(st.st_size)), at_(from), dense_(surely_dense(st)) {}

std::optional<Extent> Extents::next() {
  if (at_ >= size_) return std::nullopt;
  if (dense_) return Extent{std::exchange(at_, size_), size_};
  const off_t data = ::lseek(fd_, static_cast<off_t>(at_), SEEK_DATA);
  // ENXIO: nothing but a hole up to the end. Any other failure: a file system that cannot tell, so all is data.
  if (data < 0 && errno == ENXIO) return std::nullopt;
  const off_t hole = data < 0 ? -1 : ::lseek(fd_, data, SEEK_HOLE);
  if (data < 0 || hole < 0) return Extent{std::exchange(at_, size_), size_};
  Extent extent{std::max(at_, static_cast<std::uint64_t>(data) / kBlock * kBlock), 0};
  if (extent.start >= size_) return std::nullopt;
  extent.end = std::min((static_cast<std::uint64_t>(hole) + kBlock - 1) / kBlock * kBlock, size_);
  at_ = extent.end;
  return extent;
}

Result<std::size_t> read_at(int fd, std::uint64_t offset, std::span<std::byte> buffer) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const auto got = ::pread(fd, buffer.data() + done, buffer.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("cannot read", errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<> write_at(int fd, std::uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return system_failure("cannot write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(done));
    offset += static_cast<std::uint64_t>(done);
  }
  return {};
}

}  // namespace moult::files
