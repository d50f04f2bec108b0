#include "drivers/guest/protocol/frame.hpp"

namespace moult::guest {
namespace {

Decoded malformed(const char* why) {
  Decoded decoded;
  decoded.state = Decoded::State::malformed;
  decoded.why = why;
  return decoded;
}

bool known(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(Kind::open) && kind <= static_cast<std::uint8_t>(Kind::bye);
}

bool concerns_stream(Kind kind) { return kind != Kind::ping && kind != Kind::pong && kind != Kind::bye; }

const char* wrong_in_header(View in, const Token& token) {
  if (load32(in.data()) != token.head) return "frame does not begin with the connection's token";
  if (load32(&in[4]) > kMaxPayload) return "frame is longer than the limit";
  const auto kind = std::to_integer<std::uint8_t>(in[12]);
  if (!known(kind)) return "unknown kind of frame";
  if (load32(&in[12]) >> 16 != 0) return "reserved bits are set";
  if ((load32(&in[8]) != 0) != concerns_stream(static_cast<Kind>(kind))) return "stream number does not fit the kind";
  return nullptr;
}

}  // namespace

Token Token::from_nonce(std::uint64_t nonce) {
  // Zero is what padding consists of, so it is never a token.
  const auto head = static_cast<std::uint32_t>(nonce), tail = static_cast<std::uint32_t>(nonce >> 32);
  return {head != 0 ? head : 1, tail != 0 ? tail : 1};
}

Decoded decode_frame(View in, const Token& token) {
  if (in.size() >= 4 && load32(in.data()) != token.head)
    return malformed("frame does not begin with the connection's token");
  if (in.size() < kHeaderBytes) return {};
  if (const char* why = wrong_in_header(in, token)) return malformed(why);
  const std::size_t length = load32(&in[4]), size = kHeaderBytes + length + kTrailerBytes;
  if (in.size() < size) return {};
  if (load32(&in[kHeaderBytes + length]) != token.tail)
    return malformed("frame does not end with the connection's token");
  Decoded decoded;
  decoded.state = Decoded::State::frame;
  decoded.size = size;
  decoded.frame = {static_cast<Kind>(in[12]), std::to_integer<std::uint8_t>(in[13]), load32(&in[8]),
                   in.subspan(kHeaderBytes, length)};
  return decoded;
}

void encode_header(std::byte* at, const Token& token, const Frame& frame, std::size_t length) {
  store32(at, token.head);
  store32(at + 4, static_cast<std::uint32_t>(length));
  store32(at + 8, frame.stream);
  store32(at + 12, static_cast<std::uint32_t>(frame.kind) | (std::uint32_t{frame.flags} << 8));
}

void encode_trailer(std::byte* at, const Token& token) { store32(at, token.tail); }

}  // namespace moult::guest
