#include "drivers/guest/protocol/stream.hpp"

#include <algorithm>

#include "drivers/guest/protocol/frame.hpp"

namespace moult::guest {
namespace {

constexpr std::size_t kCreditStep = kWindow / 4;  // consumed bytes are reported in steps of this
constexpr std::size_t kPieceCost = 64;  // what a piece takes beside its bytes: many empty ones must not be free

std::size_t cost_of(std::size_t size) { return size + kPieceCost; }

}  // namespace

bool Stream::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_.has_value();
}

std::uint64_t Stream::delivered() const {
  const std::lock_guard lock(mutex_);
  return delivered_;
}

void Stream::hang_up() {
  bool clean = false;
  {
    const std::lock_guard lock(mutex_);
    clean = failed_ || (finished_ && (answers_ || peer_finished_));
  }
  if (!clean) abort({Code::interrupted, "the other end gave the call up", {}, {}, Disposition::ambiguous});
}

Result<> Stream::open_with(std::span<const Frame> frames) {
  const auto sent = outlet_->send_together(frames);
  if (sent == Outlet::Sent::whole) return {};
  auto error = why_over();
  if (sent == Outlet::Sent::nothing && error.code == Code::unreachable) error.disposition = Disposition::retry;
  fail(error);
  return Unexpected(std::move(error));
}

Result<> Stream::open() {
  const Frame frame{Kind::open, method_, id_, {}};
  return open_with(std::span(&frame, 1));
}

Result<> Stream::open(View message, bool whole) {
  {
    const std::lock_guard lock(mutex_);
    credit_ -= cost_of(message.size());
    finished_ = whole;
  }
  const Frame frames[] = {{Kind::open, method_, id_, {}}, {Kind::message, 0, id_, message}, {Kind::finish, 0, id_, {}}};
  return open_with(std::span(frames, whole ? 3 : 2));
}

Result<> Stream::finish_with(View message) {
  if (message.size() > kSmallMessage) {
    MOULT_TRY(send_message(message));
    return finish();
  }
  MOULT_TRY(take_credit(message.size()));
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return Unexpected(*failed_);
    finished_ = true;
  }
  const Frame frames[] = {{Kind::message, 0, id_, message}, {Kind::finish, 0, id_, {}}};
  if (outlet_->send_together(frames) != Outlet::Sent::whole) return Unexpected(why_over());
  return {};
}

Result<> Stream::send_message(View bytes) { return send_pieces(Kind::message, bytes); }

Result<> Stream::send_bulk(View bytes) { return send_pieces(Kind::bulk, bytes); }

Result<> Stream::send_pieces(Kind kind, View bytes) {
  if (kind == Kind::message && bytes.size() > kMaxMessage)
    return moult::fail(Code::invalid, "a message of " + std::to_string(bytes.size()) + " bytes is above the limit");
  do {
    MOULT_ASSIGN(const auto count, take_credit(bytes.size()));
    const auto part = bytes.first(count);
    bytes = bytes.subspan(count);
    const bool more = kind == Kind::message && !bytes.empty();
    if (!outlet_->send({kind, static_cast<std::uint8_t>(more ? 1 : 0), id_, part})) return Unexpected(why_over());
  } while (!bytes.empty());
  return {};
}

Result<std::size_t> Stream::take_credit(std::size_t wanted) {
  std::unique_lock lock(mutex_);
  // Half a frame at least, so that a slow receiver does not make for tiny frames.
  const auto least = cost_of(std::min(wanted, kSmallMessage));
  changed_.wait(lock, [&] { return failed_ || credit_ >= least; });
  if (failed_) return Unexpected(*failed_);
  const auto count = std::min({wanted, credit_ - kPieceCost, kFullFrame});
  credit_ -= cost_of(count);
  return count;
}

Result<> Stream::finish() {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return Unexpected(*failed_);
    finished_ = true;
  }
  if (!outlet_->send({Kind::finish, 0, id_, {}})) return Unexpected(why_over());
  return {};
}

void Stream::abort(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    failed_ = error;
    changed_.notify_all();
  }
  const auto payload = encode_error(error);
  outlet_->send({Kind::abort, 0, id_, payload});
}

Result<Stream::Item> Stream::receive(Moment deadline) {
  for (;;) {
    MOULT_ASSIGN(Piece piece, next_piece(deadline));
    if (piece.kind != Kind::finish) give_credit(cost_of(piece.bytes.size()));
    if (piece.kind == Kind::finish) return Item{Item::Kind::finished, {}};
    if (piece.kind == Kind::bulk) return Item{Item::Kind::bulk, std::move(piece.bytes)};
    if (message_.size() + piece.bytes.size() > kMaxMessage) {
      const Error error{Code::invalid, "the other end sends a message above the limit", {}, {}, Disposition::ambiguous};
      abort(error);
      return Unexpected(error);
    }
    message_.insert(message_.end(), piece.bytes.begin(), piece.bytes.end());
    if (!piece.more) return Item{Item::Kind::message, std::exchange(message_, {})};
  }
}

Result<Stream::Piece> Stream::next_piece(Moment deadline) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return failed_ || !inbox_.empty(); };
  if (deadline == Moment::max())
    changed_.wait(lock, ready);
  else if (!changed_.wait_until(lock, deadline, ready))
    return Unexpected(
        Error{Code::timeout, "the guest's helper did not answer in time", {}, {}, Disposition::ambiguous});
  if (inbox_.empty()) return Unexpected(*failed_);
  Piece piece = std::move(inbox_.front());
  inbox_.pop_front();
  inbox_bytes_ -= cost_of(piece.bytes.size());
  return piece;
}

void Stream::give_credit(std::size_t count) {
  uncredited_ += count;
  if (uncredited_ < kCreditStep) return;
  std::byte amount[4];
  store32(amount, static_cast<std::uint32_t>(std::exchange(uncredited_, 0)));
  outlet_->send({Kind::credit, 0, id_, amount});
}

Error Stream::why_over() const {
  if (auto reason = outlet_->ended()) return std::move(*reason);
  return {Code::unreachable, "the connection to the guest's helper broke", {}, {}, Disposition::ambiguous};
}

const char* Stream::deliver(const Frame& frame) {
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
  if (frame.kind == Kind::credit) {
    if (frame.payload.size() != 4) return "credit of a wrong size";
    credit_ += load32(frame.payload.data());
    return credit_ <= kWindow ? nullptr : "credit above the window";
  }
  if (frame.kind == Kind::abort) {
    if (frame.payload.size() > kMaxErrorBytes) return "error above the limit";
    if (!failed_) failed_ = decode_error(frame.payload);
    return nullptr;
  }
  if (peer_finished_) return "content after its end";
  if (failed_) return nullptr;  // nobody will read it
  if (frame.kind != Kind::bulk && frame.kind != Kind::message && frame.kind != Kind::finish)
    return "frame out of place";
  if (frame.flags > 1) return "unknown flags";
  if (frame.payload.empty() && frame.kind == Kind::bulk) return "empty content";
  inbox_bytes_ += cost_of(frame.payload.size());
  if (inbox_bytes_ > kWindow + kPieceCost) return "content beyond its credit";
  peer_finished_ = frame.kind == Kind::finish;
  inbox_.push_back({frame.kind, frame.flags == 1, Buffer(frame.payload.begin(), frame.payload.end())});
  ++delivered_;
  return nullptr;
}

void Stream::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!failed_) failed_ = error;
  changed_.notify_all();
}

}  // namespace moult::guest
