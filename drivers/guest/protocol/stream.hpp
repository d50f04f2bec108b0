#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "drivers/guest/protocol/outlet.hpp"

namespace moult::guest {

/// One call's conversation: control messages and raw content, in order, both ways, each direction under credit. One
/// thread sends and one receives (they may be the same); the connection's reader delivers.
class Stream {
 public:
  /// `answers`: this end was called, and has nothing more to say or hear once it has finished.
  Stream(std::shared_ptr<Outlet> outlet, std::uint32_t id, std::uint8_t method, bool answers)
      : outlet_(std::move(outlet)), id_(id), method_(method), answers_(answers) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  [[nodiscard]] std::uint8_t method() const { return method_; }
  /// Aborted by either end, or its connection is over: whatever waits for something else may give up.
  [[nodiscard]] bool failed() const;

  /// What goes out in one write with what is around it.
  static constexpr std::size_t kSmallMessage = kFullFrame / 2;
  /// For the connection: opens it at the other end, in one write with a first message, which is small, and with the end
  /// if that is all (`whole`). Errors: why the connection is over; retry when nothing of it went out.
  Result<> open(View message, bool whole);
  /// The same without a message.
  Result<> open();

  /// These wait for credit. Errors: what the other end aborted with, or why the connection is over (ambiguous).
  Result<> send_message(View bytes);
  Result<> send_bulk(View bytes);
  /// Nothing more will be sent.
  Result<> finish();
  /// Both in one write, where the message is small.
  Result<> finish_with(View message);
  /// Ends the stream with an error for the other end. Idempotent.
  void abort(const Error& error);

  struct Item {
    enum class Kind { message, bulk, finished } kind = Kind::finished;
    Buffer bytes;
  };
  /// The next message, piece of content, or the end. What arrived before an error comes first. Errors: as above;
  /// timeout.
  Result<Item> receive(Moment deadline = Moment::max());

  /// How many messages and pieces of content have arrived, their end among them.
  [[nodiscard]] std::uint64_t delivered() const;

  /// For the connection: a frame for this stream came in. An answer says how it breaks the protocol.
  const char* deliver(const Frame& frame);
  /// For the connection: nobody holds the stream any more. Tells the other end when that is half way.
  void hang_up();
  /// For the connection: it is over.
  void fail(const Error& error);

 private:
  struct Piece {
    Kind kind;
    bool more;
    Buffer bytes;
  };
  Result<> open_with(std::span<const Frame> frames);
  Result<> send_pieces(Kind kind, View bytes);
  Result<std::size_t> take_credit(std::size_t wanted);
  Result<Piece> next_piece(Moment deadline);
  void give_credit(std::size_t count);
  [[nodiscard]] Error why_over() const;

  const std::shared_ptr<Outlet> outlet_;
  const std::uint32_t id_;
  const std::uint8_t method_;
  const bool answers_;
  Buffer message_;              // the receiver's own: put together so far
  std::size_t uncredited_ = 0;  // the receiver's own
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> inbox_;  // guarded by mutex_, as are those below
  std::size_t inbox_bytes_ = 0;
  std::uint64_t delivered_ = 0;
  std::size_t credit_ = kWindow;
  bool finished_ = false, peer_finished_ = false;
  std::optional<Error> failed_;
};

/// How an error crosses: also used for the payload of Kind::abort. What comes from the other end is made printable.
[[nodiscard]] Buffer encode_error(const Error& error);
[[nodiscard]] Error decode_error(View bytes);

}  // namespace moult::guest
