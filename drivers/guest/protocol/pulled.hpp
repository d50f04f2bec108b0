#pragma once

#include "drivers/guest/protocol/stream.hpp"
#include "drivers/guest_access.hpp"

namespace moult::guest {

/// A source at the other end of a stream that carries content from this end too. Its pieces come only when they are
/// asked for, so that neither end waits for the other with its own content. A piece is content and then one message of
/// one byte: 1 when more may follow, 0 when that was all.
class PulledSource {
 public:
  explicit PulledSource(Stream& stream) : stream_(stream) {}
  /// As ByteSource.
  Result<std::size_t> read(std::span<std::byte> into);

 private:
  Result<> next();

  Stream& stream_;
  Buffer piece_;
  std::size_t used_ = 0;
  bool asked_ = false, ended_ = false;
};

/// Is this the message with which PulledSource asks? It is one byte long, which no reply beside it may be.
[[nodiscard]] bool asks_for_more(View message);
/// The asked end: sends one piece of the source. After an error of the source the stream is aborted with it.
[[nodiscard]] Result<> send_piece(Stream& stream, const ByteSource& source);

}  // namespace moult::guest
