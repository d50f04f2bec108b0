#pragma once

#include <optional>
#include <string>
#include <vector>

#include "drivers/guest/files/beneath.hpp"
#include "drivers/guest/files/delta.hpp"
#include "drivers/guest/files/record.hpp"
#include "drivers/guest/files/signatures.hpp"

namespace moult::files {

/// What was read of one path.
struct Observed {
  struct stat st {};    ///< as it was before its content was read
  std::int64_t at = 0;  ///< wall clock when reading began
  Hash hash{};          ///< of its record
  bool stable = true;   ///< nothing changed while it was read
};

/// A part of a file's content. It begins at a multiple of 4 KiB, and ends at one or where the file does.
struct Part {
  std::uint64_t start = 0;
  std::uint64_t end = UINT64_MAX;   ///< no further than that; then, where reading ended
  std::uint64_t most = UINT64_MAX;  ///< bytes to read; holes do not count
  std::uint64_t bytes = 0;          ///< that were read
};

/// Reads paths of a tree: to hash them, or to write them as records. Follows no link, opens nothing but regular files
/// and directories, leaves access times alone. Not thread-safe.
class ItemReader {
 public:
  explicit ItemReader(Tree& tree) : tree_(tree), buffer_(RecordWriter::kDataBytes) {}

  /// The hash that `send` would find. nullopt: nothing is there.
  Result<std::optional<Observed>> hash(const std::string& path) { return read(path, nullptr); }
  /// As if the path had this mtime (ns).
  Result<std::optional<Observed>> hash_with_mtime(const std::string& path, std::int64_t mtime) {
    mtime_ = mtime;
    auto seen = read(path, nullptr);
    mtime_.reset();
    return seen;
  }
  /// As if a file held this part alone, at its place, and were as long as it is. Of one that is read in one piece it is
  /// all.
  Result<std::optional<Observed>> hash_part(const std::string& path, Part& part);
  /// Writes the path's record. nullopt: nothing is there, and nothing was written.
  Result<std::optional<Observed>> send(const std::string& path, RecordWriter& writer) { return read(path, &writer); }
  /// As `send`; a file too large for one piece as its difference from the version that the signature is of. A signature
  /// that is none makes it go whole.
  Result<std::optional<Observed>> send_difference(const std::string& path, const Signature& base,
                                                  RecordWriter& writer) {
    base_ = &base;
    auto seen = read(path, &writer);
    base_ = nullptr;
    return seen;
  }
  /// Hash of, and record for, a further name of an inode whose first name was read.
  [[nodiscard]] static Hash link_hash(const std::string& first, const Hash& linked);
  static Result<> send_link(const std::string& path, const std::string& first, const Hash& linked,
                            RecordWriter& writer);

 private:
  struct Piece {
    std::uint64_t offset;
    std::size_t size;
  };
  Result<std::optional<Observed>> read(const std::string& path, RecordWriter* writer);
  Result<std::optional<Observed>> read_special(const Place& place, const std::string& path, const struct stat& st,
                                               RecordWriter* writer);
  Result<std::optional<Observed>> read_file(const Place& place, const std::string& path, RecordWriter* writer);
  Result<Observed> read_small(int fd, Meta meta, Observed seen, RecordWriter* writer);
  Result<Observed> read_large(int fd, const Meta& meta, Observed seen, RecordWriter* writer);
  Result<std::uint64_t> stream_difference(int fd, std::uint64_t most, DeltaMaker& delta, ContentHash& hash,
                                          RecordWriter& writer);
  Result<std::uint64_t> stream_part(int fd, struct stat st, ContentHash& hash);
  Result<std::uint64_t> stream(int fd, std::uint64_t size, ContentHash& hash, RecordWriter* writer);
  Result<Meta> meta_from(int fd, const std::string& path, const struct stat& st) const;
  [[nodiscard]] Meta meta_of(const std::string& path, const struct stat& st) const;
  Tree& tree_;
  std::vector<std::byte> buffer_;
  std::optional<std::int64_t> mtime_;
  const Signature* base_ = nullptr;
  Part* part_ = nullptr;
};

}  // namespace moult::files
