#include "drivers/guest/protocol/pulled.hpp"

#include <algorithm>

#include "drivers/guest/protocol/bulk.hpp"

namespace moult::guest {
namespace {

constexpr std::size_t kPieceBytes = 1U << 20;
constexpr std::byte kMore{1}, kAll{0};

}  // namespace

Result<std::size_t> PulledSource::read(std::span<std::byte> into) {
  while (used_ == piece_.size() && !ended_) MOULT_TRY(next());
  const auto count = std::min(into.size(), piece_.size() - used_);
  std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(used_), count, into.begin());
  used_ += count;
  return count;
}

Result<> PulledSource::next() {
  if (!std::exchange(asked_, true)) MOULT_TRY(stream_.send_message(View(&kMore, 1)));
  MOULT_ASSIGN(auto item, stream_.receive());
  if (item.kind == Stream::Item::Kind::finished || (item.kind == Stream::Item::Kind::message && item.bytes.size() != 1))
    return fail(Code::invalid, "the other end sent something out of place");
  used_ = 0;
  piece_.clear();
  if (item.kind == Stream::Item::Kind::bulk) {
    piece_ = std::move(item.bytes);
  } else {
    asked_ = false;
    ended_ = item.bytes.front() == kAll;
  }
  return {};
}

bool asks_for_more(View message) { return message.size() == 1; }

Result<> send_piece(Stream& stream, const ByteSource& source) {
  std::size_t sent = 0;
  bool all = false;
  // Counts what goes out and stops at a piece's size, as if the source ended there.
  const auto bounded = [&](std::span<std::byte> into) -> Result<std::size_t> {
    if (sent >= kPieceBytes) return 0;
    MOULT_ASSIGN(const auto count, source(into));
    all = count == 0;
    sent += count;
    return count;
  };
  MOULT_TRY(send_all(stream, bounded));
  return stream.send_message(View(all ? &kAll : &kMore, 1));
}

}  // namespace moult::guest
