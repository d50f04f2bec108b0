#pragma once

#include "drivers/guest/protocol/stream.hpp"
#include "drivers/guest_access.hpp"

namespace moult::guest {

/// Gathers small writes into frames' worth and sends them as content. What is nearly a frame goes as it is: it is not
/// copied here, nor put together at the other end.
class BulkSender {
 public:
  explicit BulkSender(Stream& stream) : stream_(stream) {}
  Result<> write(View bytes);
  /// Sends what is gathered so far.
  Result<> flush();

 private:
  Stream& stream_;
  Buffer gathered_;
};

/// Hands out the content that arrives on a stream, up to the sender's end.
class BulkReceiver {
 public:
  explicit BulkReceiver(Stream& stream) : stream_(stream) {}
  /// As ByteSource: fills the buffer, 0 at the end. Errors: the sender's, or invalid for anything but content.
  Result<std::size_t> read(std::span<std::byte> into);
  /// Takes what is left and forgets it, so that the sender comes to its end.
  Result<> skip_rest();

 private:
  Stream& stream_;
  Buffer piece_;
  std::size_t used_ = 0;
  bool ended_ = false;
};

/// Sends all that a source gives as content. The source's own error comes back after the stream was aborted with it.
Result<> send_all(Stream& stream, const ByteSource& source);

/// Gives content to a sink; the sink's error comes back after the stream was aborted with it.
[[nodiscard]] Result<> hand_on(Stream& stream, View content, const ByteSink& sink);

/// Hands content on until the message that answers the call; its body.
[[nodiscard]] Result<Buffer> receive_content(Stream& stream, const ByteSink& sink);

/// Hands content on up to the sender's end. Errors: the sender's, the sink's, or invalid for anything but content.
[[nodiscard]] Result<> receive_all(Stream& stream, const ByteSink& sink);

/// The one message that answers a call; after it, the end.
Result<Buffer> receive_reply(Stream& stream, Moment deadline = Moment::max());

}  // namespace moult::guest
