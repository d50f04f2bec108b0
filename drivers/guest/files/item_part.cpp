// Reading a file a part at a time, where all of it would take longer than others may wait.
#include <algorithm>

#include "drivers/guest/files/extents.hpp"
#include "drivers/guest/files/item_reader.hpp"

namespace moult::files {

Result<std::optional<Observed>> ItemReader::hash_part(const std::string& path, Part& part) {
  part_ = &part;
  auto seen = read(path, nullptr);
  part_ = nullptr;
  if (!seen || !*seen) return seen;
  const auto size = static_cast<std::uint64_t>((*seen)->st.st_size);
  if (size <= buffer_.size()) part.bytes = size;
  part.end = std::min(part.end, size);
  return seen;
}

Result<std::uint64_t> ItemReader::stream_part(int fd, struct stat st, ContentHash& hash) {
  const auto size = static_cast<std::uint64_t>(st.st_size);
  st.st_size = static_cast<off_t>(std::min(part_->end, size));
  Extents extents(fd, st, part_->start);
  while (const auto extent = extents.next()) {
    for (auto at = extent->start; at < extent->end;) {
      const auto space = std::span(buffer_).first(std::min<std::uint64_t>(buffer_.size(), extent->end - at));
      MOULT_ASSIGN(const auto got, read_at(fd, at, space));
      hash.update(at, space.first(got));
      at += got;
      part_->bytes += got;
      if (got < space.size()) return size;  // it was cut meanwhile
      if (part_->bytes >= part_->most) {
        part_->end = at;
        return size;
      }
    }
  }
  return size;
}

}  // namespace moult::files
