#include "drivers/guest/protocol/bulk.hpp"

#include <algorithm>

#include "drivers/guest/protocol/frame.hpp"

namespace moult::guest {
namespace {

Unexpected out_of_place(Stream& stream) {
  const Error error{Code::invalid, "the other end sent something out of place", {}, {}, Disposition::ambiguous};
  stream.abort(error);
  return Unexpected(error);
}

}  // namespace

Result<> BulkSender::write(View bytes) {
  const bool nearly_full = bytes.size() >= kFullFrame / 2;
  if (nearly_full || gathered_.size() + bytes.size() > kFullFrame) MOULT_TRY(flush());
  if (nearly_full) return stream_.send_bulk(bytes);
  gathered_.insert(gathered_.end(), bytes.begin(), bytes.end());
  return {};
}

Result<> BulkSender::flush() {
  if (gathered_.empty()) return {};
  auto sent = stream_.send_bulk(gathered_);
  gathered_.clear();
  return sent;
}

Result<std::size_t> BulkReceiver::read(std::span<std::byte> into) {
  if (used_ == piece_.size() && !ended_) {
    MOULT_ASSIGN(auto item, stream_.receive());
    if (item.kind == Stream::Item::Kind::message) return out_of_place(stream_);
    ended_ = item.kind == Stream::Item::Kind::finished;
    piece_ = std::move(item.bytes);
    used_ = 0;
  }
  const auto count = std::min(into.size(), piece_.size() - used_);
  std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(used_), count, into.begin());
  used_ += count;
  return count;
}

Result<> BulkReceiver::skip_rest() {
  Buffer ignored(kFullFrame);
  for (;;) {
    MOULT_ASSIGN(const auto count, read(ignored));
    if (count == 0) return {};
  }
}

Result<> send_all(Stream& stream, const ByteSource& source) {
  Buffer buffer(kFullFrame);
  for (;;) {
    auto count = source(buffer);
    if (count && *count > buffer.size()) count = fail(Code::internal, "a source gave more than it was asked for");
    if (!count) {
      stream.abort(count.error());
      return pass(std::move(count));
    }
    if (*count == 0) return {};
    MOULT_TRY(stream.send_bulk(View(buffer).first(*count)));
  }
}

Result<> hand_on(Stream& stream, View content, const ByteSink& sink) {
  auto taken = sink(content);
  if (!taken) stream.abort(taken.error());
  return taken;
}

Result<Buffer> receive_content(Stream& stream, const ByteSink& sink) {
  for (;;) {
    MOULT_ASSIGN(auto item, stream.receive());
    if (item.kind == Stream::Item::Kind::finished) return out_of_place(stream);
    if (item.kind == Stream::Item::Kind::message) return std::move(item.bytes);
    MOULT_TRY(hand_on(stream, item.bytes, sink));
  }
}

Result<> receive_all(Stream& stream, const ByteSink& sink) {
  for (;;) {
    MOULT_ASSIGN(const auto item, stream.receive());
    if (item.kind == Stream::Item::Kind::finished) return {};
    if (item.kind == Stream::Item::Kind::message) return out_of_place(stream);
    MOULT_TRY(sink(item.bytes));
  }
}

Result<Buffer> receive_reply(Stream& stream, Moment deadline) {
  MOULT_ASSIGN(auto item, stream.receive(deadline));
  if (item.kind != Stream::Item::Kind::message) return out_of_place(stream);
  MOULT_ASSIGN(const auto last, stream.receive(deadline));
  if (last.kind != Stream::Item::Kind::finished) return out_of_place(stream);
  return std::move(item.bytes);
}

}  // namespace moult::guest
