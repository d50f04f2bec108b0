#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "drivers/guest/files/hashes.hpp"
#include "drivers/guest/files/stamp.hpp"
#include "drivers/guest_access.hpp"

namespace moult::files {

enum class Kind : std::uint8_t { file = 1, directory, symlink, fifo, char_device, block_device, socket, hard_link };

/// Everything of a path but a file's content. A hard link has `path`, `link` (the name that carries the content) and
/// `linked`.
struct Meta {
  Kind kind = Kind::file;
  std::string path;
  std::uint32_t mode = 0, uid = 0, gid = 0;  ///< mode: permission bits alone
  std::int64_t mtime = 0, atime = 0;         ///< nanoseconds since 1970
  std::uint64_t rdev = 0;
  std::uint64_t size = 0;         ///< files: as it was when reading began, a hint; `close` has the last word
  std::uint32_t inode_flags = 0;  ///< immutable, append-only and the like
  bool many_names = false;        ///< the inode has further names; not hashed, their own records tell
  std::string link;               ///< symlink: where to; hard_link: path of the first name
  Hash linked{};                  ///< hard_link: record hash of the first name
  std::vector<std::pair<std::string, std::string>> xattrs;  ///< sorted by name; ACLs and capabilities among them
};

/// Hash over all that must be equal on both sides: everything but the atime. `content` counts for files alone.
[[nodiscard]] Hash record_hash(const Meta& meta, const Hash& content);

struct Close {
  std::uint64_t size = 0;
  Hash record{};
  bool stable = true;  ///< false: the file changed while it was read; the next round carries it again
};

/// A part of a file as the source has it, for the target to look whether it has it too.
struct Check {
  std::string path;
  std::uint64_t start = 0, end = 0;
  Hash hash{};  ///< as of the file's record, if its content were this part's alone
};

struct RoundEnd {
  std::uint64_t records = 0, deletions = 0;
};

/// Writes one round's records, in pieces of at most 240 KiB. Memory does not grow with what passes.
class RecordWriter {
 public:
  /// A record of so much is a piece, and one frame of the channel (guest/protocol/frame.hpp): it is put together
  /// nowhere.
  static constexpr std::size_t kDataBytes = 120U << 10;
  explicit RecordWriter(const ByteSink& sink);
  Result<> entry(const Meta& meta);
  /// Room for up to kDataBytes of content; `data` then takes what was put there.
  Result<std::span<std::byte>> data_space();
  void data(std::uint64_t offset, std::size_t size);
  /// The content follows as a difference from the target's version with this stamp.
  Result<> base(const Stamp& stamp);
  Result<> delta(std::span<const std::byte> bytes);
  Result<> close(const Close& close);
  Result<> check(const Check& check);
  Result<> deletion(const std::string& path);
  Result<> end(const RoundEnd& counts);
  [[nodiscard]] std::uint64_t content_bytes() const { return content_bytes_; }

 private:
  Result<> frame(std::uint8_t type, std::string_view body);
  Result<> flush();
  const ByteSink& sink_;
  std::vector<std::byte> buffer_;
  std::size_t used_ = 0;
  std::uint64_t content_bytes_ = 0;
  std::string body_;
};

/// What a RecordReader meets.
class RecordHandler {
 public:
  virtual ~RecordHandler() = default;
  virtual Result<> on_entry(Meta meta) = 0;
  virtual Result<> on_data(std::uint64_t offset, Bytes bytes) = 0;
  virtual Result<> on_base(const Stamp& stamp) = 0;
  virtual Result<> on_delta(Bytes bytes) = 0;
  virtual Result<> on_close(const Close& close) = 0;
  virtual Result<> on_check(const Check& check) = 0;
  virtual Result<> on_deletion(const std::string& path) = 0;
  virtual Result<> on_end(const RoundEnd& counts) = 0;
};

/// Takes records apart as they come, in pieces of any size. Trusts nothing: every length is bounded, every path is
/// checked to be plain and relative. Errors: invalid.
class RecordReader {
 public:
  explicit RecordReader(RecordHandler& handler) : handler_(handler) {}
  Result<> feed(Bytes bytes);

 private:
  enum class State { before, between, entry, content, ended };
  Result<> frame(std::uint8_t type, std::string_view body);
  Result<> begin(std::string_view body);
  Result<> entry(std::string_view body);
  Result<> xattr(std::string_view body);
  Result<> data(std::string_view body);
  Result<> base(std::string_view body);
  Result<> delta(std::string_view body);
  Result<> check(std::string_view body);
  Result<> between(std::uint8_t type, std::string_view body);
  Result<> close(std::string_view body);
  Result<> start_content();
  RecordHandler& handler_;
  State state_ = State::before;
  std::string pending_;
  Meta meta_;
  std::size_t xattr_bytes_ = 0;
  std::uint64_t next_offset_ = 0;
  bool file_ = false, as_delta_ = false;
};

}  // namespace moult::files
