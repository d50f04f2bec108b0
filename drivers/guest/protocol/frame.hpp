#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "drivers/guest/protocol/codec.hpp"

namespace moult::guest {

/// Bounds that both sides keep. What exceeds them is malformed.
inline constexpr std::size_t kMaxPayload = 256U << 10;  ///< bytes in one frame
inline constexpr std::size_t kWindow = 2U << 20;        ///< bytes under way on one stream, each direction
inline constexpr std::size_t kMaxMessage = 64U << 20;   ///< a control message, put together from its frames
inline constexpr std::size_t kMaxStreams = 128;         ///< streams open at once on one connection
inline constexpr std::size_t kMaxErrorBytes = 16U << 10;

enum class Kind : std::uint8_t {
  open = 1,     ///< client to server: a new stream; `flags` is the method
  message = 2,  ///< part of a control message; flags 1: more follows
  bulk = 3,     ///< raw content
  finish = 4,   ///< the sender sends nothing more on this stream
  abort = 5,    ///< the stream failed; payload is an Error
  credit = 6,   ///< the sender has consumed so many bytes; payload is a u32
  ping = 7,     ///< stream 0
  pong = 8,     ///< stream 0
  bye = 9,      ///< stream 0: the sender is about to close
};

/// Marks every frame of one connection. Both halves come from the handshake's fresh nonce: a frame that was cut off by
/// a reconnect and completed by later bytes does not end in the tail, and is thrown away.
struct Token {
  std::uint32_t head = 0, tail = 0;
  static Token from_nonce(std::uint64_t nonce);
};

struct Frame {
  Kind kind = Kind::ping;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  View payload;  ///< points into the decoder's input
};

inline constexpr std::size_t kHeaderBytes = 16, kTrailerBytes = 4;
inline constexpr std::size_t kMaxFrame = kHeaderBytes + kMaxPayload + kTrailerBytes;
/// Content of a full frame: large enough for speed, small enough for its neighbours, and with what is around it four
/// writes to a port.
inline constexpr std::size_t kFullFrame = (128U << 10) - kHeaderBytes - kTrailerBytes;

/// What the first bytes of a buffer are.
struct Decoded {
  enum class State { incomplete, frame, malformed } state = State::incomplete;
  Frame frame;
  std::size_t size = 0;       ///< frame: bytes that it takes
  const char* why = nullptr;  ///< malformed: what is wrong
};

/// Looks at the start of a buffer of untrusted bytes. Never reads past it, allocates nothing.
[[nodiscard]] Decoded decode_frame(View in, const Token& token);

/// Writes header and trailer of a frame with a payload of `length` bytes.
void encode_header(std::byte* at, const Token& token, const Frame& frame, std::size_t length);
void encode_trailer(std::byte* at, const Token& token);

}  // namespace moult::guest
