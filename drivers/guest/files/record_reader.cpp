#include <algorithm>

#include "drivers/guest/files/path_filter.hpp"
#include "drivers/guest/files/record.hpp"
#include "drivers/guest/files/record_frames.hpp"
#include "drivers/guest/files/wire.hpp"

namespace moult::files {
namespace {

Unexpected broken(const std::string& why) {
  return fail(Code::invalid, "the stream of records is broken: " + why,
              "both helpers must be of the same release of moult");
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool read_meta(std::string_view body, Meta& meta) {
  WireReader reader(body);
  const auto kind = reader.number<std::uint8_t>();
  meta.kind = static_cast<Kind>(kind);
  meta.path = reader.text(frames::kPathLimit);
  meta.mode = reader.number<std::uint32_t>();
  meta.uid = reader.number<std::uint32_t>();
  meta.gid = reader.number<std::uint32_t>();
  meta.mtime = reader.number<std::int64_t>();
  meta.atime = reader.number<std::int64_t>();
  meta.rdev = reader.number<std::uint64_t>();
  meta.size = reader.number<std::uint64_t>();
  meta.inode_flags = reader.number<std::uint32_t>();
  meta.many_names = reader.number<std::uint8_t>() != 0;
  meta.link = reader.text(frames::kPathLimit);
  reader.raw_into(meta.linked);
  return reader.at_end() && kind >= static_cast<std::uint8_t>(Kind::file) &&
         kind <= static_cast<std::uint8_t>(Kind::hard_link);
}

}  // namespace

Result<> RecordReader::feed(Bytes bytes) {
  auto in = text_of(bytes);
  while (!in.empty() || pending_.size() >= sizeof(std::uint32_t)) {
    // Whole frames are read in place; only one that is cut by the end of a piece is put together.
    const bool whole = pending_.empty();
    const auto have = whole ? in : std::string_view(pending_);
    const auto size = have.size() < 4 ? 0 : WireReader(have).number<std::uint32_t>();
    if (have.size() >= 4 && (size == 0 || size > frames::kFrameLimit))
      return broken("a frame of " + std::to_string(size) + " bytes");
    const std::size_t need = have.size() < 4 ? 4 : 4 + std::size_t{size};
    if (have.size() < need || have.size() < 4) {
      const auto more = whole ? in : in.substr(0, need - have.size());
      if (more.empty()) return {};
      pending_.append(more);
      in.remove_prefix(more.size());
      continue;
    }
    const auto type = static_cast<std::uint8_t>(have[4]);
    MOULT_TRY(frame(type, have.substr(5, size - 1)));
    if (whole)
      in.remove_prefix(need);
    else
      pending_.clear();
  }
  return {};
}

Result<> RecordReader::frame(std::uint8_t type, std::string_view body) {
  if (state_ == State::ended) return broken("something follows its end");
  if ((state_ == State::before) != (type == frames::begin)) return broken("it does not begin like one");
  switch (type) {
    case frames::begin:
      return begin(body);
    case frames::entry:
      return entry(body);
    case frames::xattr:
      return xattr(body);
    case frames::data:
      return data(body);
    case frames::base:
      return base(body);
    case frames::delta:
      return delta(body);
    case frames::close:
      return close(body);
    default:
      return between(type, body);
  }
}

/// What is no part of a record.
Result<> RecordReader::between(std::uint8_t type, std::string_view body) {
  if (state_ != State::between) return broken("a record is not closed");
  if (type == frames::check) return check(body);
  WireReader reader(body);
  if (type == frames::deletion) {
    const std::string path(reader.text(frames::kPathLimit));
    if (!reader.at_end() || !is_plain_path(path) || path == ".") return broken("a deletion outside the set");
    return handler_.on_deletion(path);
  }
  if (type != frames::end) return broken("a frame of the unknown type " + std::to_string(type));
  RoundEnd counts;
  counts.records = reader.number<std::uint64_t>();
  counts.deletions = reader.number<std::uint64_t>();
  if (!reader.at_end()) return broken("its end is cut off");
  state_ = State::ended;
  return handler_.on_end(counts);
}

Result<> RecordReader::begin(std::string_view body) {
  WireReader reader(body);
  const auto magic = reader.text(64);
  const auto version = reader.number<std::uint16_t>();
  if (magic != frames::kMagic) return broken("it does not begin like one");
  if (version != frames::kVersion) return broken("it has version " + std::to_string(version));
  state_ = State::between;
  return {};
}

Result<> RecordReader::entry(std::string_view body) {
  if (state_ != State::between) return broken("a record is not closed");
  meta_ = Meta{};
  if (!read_meta(body, meta_)) return broken("an entry is cut off");
  if (!is_plain_path(meta_.path)) return broken("an entry outside the set");
  if (meta_.kind == Kind::hard_link && !is_plain_path(meta_.link)) return broken("a hard link to outside the set");
  if (meta_.path == "." && meta_.kind != Kind::directory) return broken("the set's root is no directory");
  if ((meta_.mode & ~07777U) != 0) return broken("a mode with bits of another kind");
  xattr_bytes_ = 0;
  next_offset_ = 0;
  file_ = meta_.kind == Kind::file;
  as_delta_ = false;
  state_ = State::entry;
  return {};
}

Result<> RecordReader::xattr(std::string_view body) {
  if (state_ != State::entry) return broken("an attribute without its entry");
  WireReader reader(body);
  const std::string name(reader.text(255));
  const std::string value(reader.text(frames::kXattrValueLimit));
  xattr_bytes_ += name.size() + value.size();
  if (!reader.at_end() || name.empty() || name.find('\0') != std::string::npos)
    return broken("an attribute is cut off");
  if (xattr_bytes_ > frames::kXattrTotalLimit) return broken("too many attributes");
  if (!meta_.xattrs.empty() && meta_.xattrs.back().first >= name) return broken("attributes out of order");
  meta_.xattrs.emplace_back(name, value);
  return {};
}

Result<> RecordReader::start_content() {
  if (state_ == State::content) return {};
  if (state_ != State::entry) return broken("content without its entry");
  state_ = State::content;
  return handler_.on_entry(std::move(meta_));
}

Result<> RecordReader::data(std::string_view body) {
  const bool file = file_ && !as_delta_;
  MOULT_TRY(start_content());
  WireReader reader(body);
  const auto offset = reader.number<std::uint64_t>();
  const auto bytes = reader.rest();
  if (!reader.good() || !file || offset < next_offset_ || offset % ContentHash::kBlock != 0 || offset > (1ULL << 62))
    return broken("content out of order");
  next_offset_ = offset + bytes.size();
  return handler_.on_data(offset, std::as_bytes(std::span(bytes)));
}

Result<> RecordReader::base(std::string_view body) {
  if (state_ != State::entry || !file_) return broken("a difference without its entry");
  MOULT_TRY(start_content());
  WireReader reader(body);
  Stamp stamp;
  reader.raw_into(stamp);
  if (!reader.at_end()) return broken("the start of a difference is cut off");
  as_delta_ = true;
  return handler_.on_base(stamp);
}

Result<> RecordReader::delta(std::string_view body) {
  if (state_ != State::content || !as_delta_) return broken("a difference without its start");
  return handler_.on_delta(std::as_bytes(std::span(body)));
}

Result<> RecordReader::check(std::string_view body) {
  WireReader reader(body);
  Check check;
  check.path = reader.text(frames::kPathLimit);
  check.start = reader.number<std::uint64_t>();
  check.end = reader.number<std::uint64_t>();
  reader.raw_into(check.hash);
  if (!reader.at_end() || !is_plain_path(check.path)) return broken("a comparison outside the set");
  if (check.start % ContentHash::kBlock != 0 || check.start > check.end || check.end > (1ULL << 62))
    return broken("a comparison of no part of a file");
  return handler_.on_check(check);
}

Result<> RecordReader::close(std::string_view body) {
  MOULT_TRY(start_content());
  WireReader reader(body);
  Close close;
  close.size = reader.number<std::uint64_t>();
  reader.raw_into(close.record);
  close.stable = reader.number<std::uint8_t>() != 0;
  if (!reader.at_end() || close.size < next_offset_ || close.size > (1ULL << 62))
    return broken("the end of a record is cut off");
  state_ = State::between;
  return handler_.on_close(close);
}

}  // namespace moult::files
