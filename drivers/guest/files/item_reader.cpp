#include "drivers/guest/files/item_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "drivers/guest/files/extents.hpp"
#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/stamp.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

constexpr int kSmallTries = 4;

using Nothing = std::optional<Observed>;

bool vanished(int error) { return error == ENOENT || error == ELOOP || error == ENOTDIR || error == ENXIO; }

/// A file was read as one whole when neither its stamp nor its size moved meanwhile.
bool unmoved(int fd, const struct stat& before) {
  struct stat after {};
  return ::fstat(fd, &after) == 0 && stamp_of(after) == stamp_of(before);
}

}  // namespace

Meta ItemReader::meta_of(const std::string& path, const struct stat& st) const {
  Meta meta = files::meta_of(path, st);
  if (mtime_) meta.mtime = *mtime_;
  return meta;
}

Result<Meta> ItemReader::meta_from(int fd, const std::string& path, const struct stat& st) const {
  Meta meta = meta_of(path, st);
  MOULT_ASSIGN(meta.xattrs, read_xattrs(fd));
  meta.inode_flags = read_inode_flags(fd);
  return meta;
}

Hash ItemReader::link_hash(const std::string& first, const Hash& linked) {
  Meta meta;
  meta.kind = Kind::hard_link;
  meta.link = first;
  meta.linked = linked;
  return record_hash(meta, {});
}

Result<> ItemReader::send_link(const std::string& path, const std::string& first, const Hash& linked,
                               RecordWriter& writer) {
  Meta meta;
  meta.kind = Kind::hard_link;
  meta.path = path;
  meta.link = first;
  meta.linked = linked;
  MOULT_TRY(writer.entry(meta));
  return writer.close({0, record_hash(meta, {}), true});
}

Result<std::optional<Observed>> ItemReader::read(const std::string& path, RecordWriter* writer) {
  MOULT_ASSIGN(const auto place, tree_.place(path));
  if (!place) return Nothing();
  MOULT_ASSIGN(const auto st, stat_at(*place));
  if (!st) return Nothing();
  if (S_ISREG(st->st_mode)) return read_file(*place, path, writer);
  return read_special(*place, path, *st, writer);
}

Result<std::optional<Observed>> ItemReader::read_special(const Place& place, const std::string& path,
                                                         const struct stat& st, RecordWriter* writer) {
  Observed seen{st, wall_now(), {}, true};
  Meta meta = meta_of(path, st);
  if (meta.kind == Kind::directory) {
    const Fd fd = open_at(place, O_DIRECTORY);
    if (!fd && vanished(errno)) return Nothing();
    if (!fd) return system_failure("cannot open the directory " + shown(path), errno);
    MOULT_ASSIGN(meta, meta_from(fd.get(), path, st));
  } else {
    MOULT_ASSIGN(auto xattrs, read_xattrs(place));
    if (!xattrs) return Nothing();
    meta.xattrs = std::move(*xattrs);
  }
  if (meta.kind == Kind::symlink) {
    MOULT_ASSIGN(meta.link, read_link(place));
  }
  seen.hash = record_hash(meta, {});
  if (writer != nullptr) {
    MOULT_TRY(writer->entry(meta));
    MOULT_TRY(writer->close({0, seen.hash, true}));
  }
  return Nothing(seen);
}

Result<std::optional<Observed>> ItemReader::read_file(const Place& place, const std::string& path,
                                                      RecordWriter* writer) {
  const Fd fd = open_at(place);
  if (!fd && vanished(errno)) return Nothing();
  if (!fd) return system_failure("cannot open " + shown(path), errno);
  Observed seen;
  seen.at = wall_now();
  if (::fstat(fd.get(), &seen.st) != 0) return system_failure("cannot look at " + shown(path), errno);
  // Something else took its place between the two looks: its own event or stamp brings it into a later round.
  if (!S_ISREG(seen.st.st_mode)) return Nothing();
  MOULT_ASSIGN(auto meta, meta_from(fd.get(), path, seen.st));
  const bool small = static_cast<std::uint64_t>(seen.st.st_size) <= buffer_.size();
  auto done = small ? read_small(fd.get(), std::move(meta), seen, writer) : read_large(fd.get(), meta, seen, writer);
  if (!done) return pass(std::move(done), "file " + shown(path));
  return Nothing(*done);
}

/// Reads a file that fits into memory until it holds still, at most a few times, and only then writes it.
Result<Observed> ItemReader::read_small(int fd, Meta meta, Observed seen, RecordWriter* writer) {
  std::vector<Piece> pieces;
  std::uint64_t size = 0;
  for (int tries = 0; tries < kSmallTries; ++tries) {
    if (tries > 0) {
      seen.at = wall_now();
      if (::fstat(fd, &seen.st) != 0) return system_failure("cannot look at it", errno);
      MOULT_ASSIGN(meta, meta_from(fd, meta.path, seen.st));
      if (static_cast<std::uint64_t>(seen.st.st_size) > buffer_.size()) return read_large(fd, meta, seen, writer);
    }
    pieces.clear();
    size = static_cast<std::uint64_t>(seen.st.st_size);
    Extents extents(fd, seen.st);
    while (const auto extent = extents.next()) {
      MOULT_ASSIGN(const auto got,
                   read_at(fd, extent->start, std::span(buffer_).subspan(extent->start, extent->size())));
      if (got > 0) pieces.push_back({extent->start, got});
      if (got < extent->size()) size = std::min(size, extent->start + got);
    }
    seen.stable = unmoved(fd, seen.st);
    if (seen.stable) break;
  }
  ContentHash content;
  for (const auto& piece : pieces) content.update(piece.offset, std::span(buffer_).subspan(piece.offset, piece.size));
  meta.size = size;
  seen.hash = record_hash(meta, content.finish(size));
  if (writer == nullptr) return seen;
  MOULT_TRY(writer->entry(meta));
  for (const auto& piece : pieces) {
    MOULT_ASSIGN(const auto space, writer->data_space());
    std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(piece.offset), piece.size, space.begin());
    writer->data(piece.offset, piece.size);
  }
  MOULT_TRY(writer->close({size, seen.hash, seen.stable}));
  return seen;
}

Result<Observed> ItemReader::read_large(int fd, const Meta& meta, Observed seen, RecordWriter* writer) {
  const auto most = static_cast<std::uint64_t>(seen.st.st_size);
  std::optional<DeltaMaker> delta;
  if (writer != nullptr && base_ != nullptr)
    if (auto made = DeltaMaker::make(base_->bytes, most)) delta.emplace(std::move(*made));  // else the file goes whole
  if (writer != nullptr) MOULT_TRY(writer->entry(meta));
  ContentHash content;
  MOULT_ASSIGN(const auto size, part_ != nullptr ? stream_part(fd, seen.st, content)
                                : delta          ? stream_difference(fd, most, *delta, content, *writer)
                                                 : stream(fd, most, content, writer));
  seen.stable = unmoved(fd, seen.st);
  seen.hash = record_hash(meta, content.finish(size));
  if (writer != nullptr) MOULT_TRY(writer->close({size, seen.hash, seen.stable}));
  return seen;
}

/// Reads the file, and passes on what it differs by. Returns the size that was found, `most` at most.
Result<std::uint64_t> ItemReader::stream_difference(int fd, std::uint64_t most, DeltaMaker& delta, ContentHash& hash,
                                                    RecordWriter& writer) {
  MOULT_TRY(writer.base(base_->stamp));
  const Pieces out = [&](std::span<const std::byte> piece) { return writer.delta(piece); };
  for (std::uint64_t at = 0;;) {
    const auto space = std::span(buffer_).first(std::min<std::uint64_t>(buffer_.size(), most - at));
    MOULT_ASSIGN(const auto got, read_at(fd, at, space));
    hash.update(at, space.first(got));
    MOULT_TRY(delta.feed(space.first(got), out));
    at += got;
    if (got == space.size() && at < most) continue;
    MOULT_TRY(delta.finish(out));
    return at;
  }
}

/// Passes the content on, straight from the file into the writer's buffer. Returns the size that was found.
Result<std::uint64_t> ItemReader::stream(int fd, std::uint64_t size, ContentHash& hash, RecordWriter* writer) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return system_failure("cannot look at it", errno);
  st.st_size = static_cast<off_t>(size);
  Extents extents(fd, st);
  while (const auto extent = extents.next()) {
    for (auto at = extent->start; at < extent->end;) {
      auto space = std::span(buffer_);
      if (writer != nullptr) {
        MOULT_ASSIGN(space, writer->data_space());
      }
      const auto want = std::min<std::uint64_t>(space.size(), extent->end - at);
      MOULT_ASSIGN(const auto got, read_at(fd, at, space.first(want)));
      if (got == 0) return at;
      hash.update(at, space.first(got));
      if (writer != nullptr) writer->data(at, got);
      if (got < want) return at + got;
      at += got;
    }
  }
  return size;
}

}  // namespace moult::files
