#include "drivers/guest/files/record.hpp"
#include "drivers/guest/files/record_frames.hpp"
#include "drivers/guest/files/wire.hpp"

namespace moult::files {
namespace {

void write_meta(WireWriter& writer, const Meta& meta) {
  writer.number(static_cast<std::uint8_t>(meta.kind));
  writer.text(meta.path);
  writer.number(meta.mode);
  writer.number(meta.uid);
  writer.number(meta.gid);
  writer.number(meta.mtime);
  writer.number(meta.atime);
  writer.number(meta.rdev);
  writer.number(meta.size);
  writer.number(meta.inode_flags);
  writer.number(static_cast<std::uint8_t>(meta.many_names));
  writer.text(meta.link);
  writer.raw(std::span(meta.linked));
}

}  // namespace

Hash record_hash(const Meta& meta, const Hash& content) {
  std::string bytes;
  bytes.reserve(256);
  WireWriter writer(bytes);
  writer.number(static_cast<std::uint8_t>(meta.kind));
  writer.text(meta.link);
  writer.raw(std::span(meta.linked));
  if (meta.kind == Kind::hard_link) return hash_of(bytes);
  writer.number(meta.mode);
  writer.number(meta.uid);
  writer.number(meta.gid);
  writer.number(meta.mtime);
  writer.number(meta.rdev);
  writer.number(meta.inode_flags);
  for (const auto& [name, value] : meta.xattrs) {
    writer.text(name);
    writer.text(value);
  }
  if (meta.kind == Kind::file) writer.raw(std::span(content));
  return hash_of(bytes);
}

RecordWriter::RecordWriter(const ByteSink& sink) : sink_(sink), buffer_(2 * kDataBytes) {
  WireWriter writer(body_);
  writer.text(frames::kMagic);
  writer.number(frames::kVersion);
  (void)frame(frames::begin, body_);  // an empty buffer has room: nothing is sent yet
}

Result<> RecordWriter::frame(std::uint8_t type, std::string_view body) {
  if (used_ + frames::kHeader + body.size() > buffer_.size()) MOULT_TRY(flush());
  std::string header;
  WireWriter writer(header);
  writer.number(static_cast<std::uint32_t>(body.size() + 1));
  writer.number(type);
  std::memcpy(buffer_.data() + used_, header.data(), header.size());
  if (!body.empty()) std::memcpy(buffer_.data() + used_ + header.size(), body.data(), body.size());
  used_ += header.size() + body.size();
  return {};
}

Result<> RecordWriter::flush() {
  const auto size = std::exchange(used_, 0);
  return size == 0 ? Result<>{} : sink_(Bytes(buffer_).first(size));
}

Result<> RecordWriter::entry(const Meta& meta) {
  body_.clear();
  WireWriter writer(body_);
  write_meta(writer, meta);
  MOULT_TRY(frame(frames::entry, body_));
  for (const auto& [name, value] : meta.xattrs) {
    body_.clear();
    writer.text(name);
    writer.text(value);
    MOULT_TRY(frame(frames::xattr, body_));
  }
  return {};
}

Result<std::span<std::byte>> RecordWriter::data_space() {
  const auto prefix = frames::kHeader + sizeof(std::uint64_t);
  if (used_ + prefix + kDataBytes > buffer_.size()) MOULT_TRY(flush());
  return std::span(buffer_).subspan(used_ + prefix, kDataBytes);
}

void RecordWriter::data(std::uint64_t offset, std::size_t size) {
  std::string header;
  WireWriter writer(header);
  writer.number(static_cast<std::uint32_t>(1 + sizeof offset + size));
  writer.number(static_cast<std::uint8_t>(frames::data));
  writer.number(offset);
  std::memcpy(buffer_.data() + used_, header.data(), header.size());
  used_ += header.size() + size;
  content_bytes_ += size;
}

Result<> RecordWriter::base(const Stamp& stamp) {
  body_.clear();
  WireWriter(body_).raw(std::span(stamp));
  return frame(frames::base, body_);
}

Result<> RecordWriter::delta(std::span<const std::byte> bytes) {
  content_bytes_ += bytes.size();
  return frame(frames::delta, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Result<> RecordWriter::close(const Close& close) {
  body_.clear();
  WireWriter writer(body_);
  writer.number(close.size);
  writer.raw(std::span(close.record));
  writer.number(static_cast<std::uint8_t>(close.stable));
  return frame(frames::close, body_);
}

Result<> RecordWriter::check(const Check& check) {
  body_.clear();
  WireWriter writer(body_);
  writer.text(check.path);
  writer.number(check.start);
  writer.number(check.end);
  writer.raw(std::span(check.hash));
  return frame(frames::check, body_);
}

Result<> RecordWriter::deletion(const std::string& path) {
  body_.clear();
  WireWriter(body_).text(path);
  return frame(frames::deletion, body_);
}

Result<> RecordWriter::end(const RoundEnd& counts) {
  body_.clear();
  WireWriter writer(body_);
  writer.number(counts.records);
  writer.number(counts.deletions);
  MOULT_TRY(frame(frames::end, body_));
  return flush();
}

}  // namespace moult::files
