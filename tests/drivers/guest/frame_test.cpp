#include "drivers/guest/protocol/frame.hpp"

#include <random>

#include "catch.hpp"

using namespace moult::guest;

namespace {

const Token kToken = Token::from_nonce(0x1122334455667788ULL);

Buffer encoded(const Frame& frame, const Token& token = kToken) {
  Buffer bytes(kHeaderBytes + frame.payload.size() + kTrailerBytes);
  encode_header(bytes.data(), token, frame, frame.payload.size());
  std::copy(frame.payload.begin(), frame.payload.end(), bytes.begin() + kHeaderBytes);
  encode_trailer(&bytes[bytes.size() - kTrailerBytes], token);
  return bytes;
}

}  // namespace

TEST_CASE("a frame comes back whole, and its beginning is incomplete") {
  const Buffer payload(1000, std::byte{7});
  auto bytes = encoded({Kind::message, 1, 42, payload});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(decode_frame(View(bytes).first(size), kToken).state == Decoded::State::incomplete);
  bytes.push_back(std::byte{9});  // the next frame's first byte
  const auto decoded = decode_frame(bytes, kToken);
  REQUIRE(decoded.state == Decoded::State::frame);
  CHECK(decoded.size == bytes.size() - 1);
  CHECK(decoded.frame.kind == Kind::message);
  CHECK(decoded.frame.flags == 1);
  CHECK(decoded.frame.stream == 42);
  CHECK(std::equal(payload.begin(), payload.end(), decoded.frame.payload.begin(), decoded.frame.payload.end()));
}

TEST_CASE("a malformed frame is refused with its reason, before its payload is waited for") {
  const auto good = encoded({Kind::bulk, 0, 1, {}});
  const auto reason = [&](auto change) {
    auto bytes = good;
    change(bytes);
    const auto decoded = decode_frame(bytes, kToken);
    return decoded.state == Decoded::State::malformed ? std::string(decoded.why) : std::string("accepted");
  };
  CHECK(reason([](Buffer& b) { store32(&b[0], 1); }) == "frame does not begin with the connection's token");
  CHECK(reason([](Buffer& b) { store32(&b[4], kMaxPayload + 1); }) == "frame is longer than the limit");
  CHECK(reason([](Buffer& b) { b[12] = std::byte{0}; }) == "unknown kind of frame");
  CHECK(reason([](Buffer& b) { b[12] = std::byte{200}; }) == "unknown kind of frame");
  CHECK(reason([](Buffer& b) { b[14] = std::byte{1}; }) == "reserved bits are set");
  CHECK(reason([](Buffer& b) { store32(&b[8], 0); }) == "stream number does not fit the kind");
  CHECK(reason([](Buffer& b) { b[12] = static_cast<std::byte>(Kind::ping); }) == "stream number does not fit the kind");
  CHECK(reason([](Buffer& b) { store32(&b[16], 1); }) == "frame does not end with the connection's token");
  CHECK(reason([](Buffer&) {}) == "accepted");
}

TEST_CASE("tokens are never zero, which is what padding is made of") {
  for (const std::uint64_t nonce : {1ULL, 1ULL << 32, 0xffffffff00000000ULL, 0x00000000ffffffffULL}) {
    CHECK(Token::from_nonce(nonce).head != 0);
    CHECK(Token::from_nonce(nonce).tail != 0);
  }
}

TEST_CASE("fifty thousand damaged frames are decoded without harm") {
  std::mt19937 random(7);
  std::size_t accepted = 0, refused = 0, waiting = 0;
  for (int i = 0; i < 50'000; ++i) {
    const Buffer payload(random() % 200, std::byte{5});
    auto bytes = encoded({static_cast<Kind>(1 + random() % 9), 0, static_cast<std::uint32_t>(random() % 3), payload});
    for (auto flips = random() % 4; flips > 0; --flips)
      bytes[random() % bytes.size()] ^= static_cast<std::byte>(1U << random() % 8);
    bytes.resize(bytes.size() - random() % 2 * (random() % bytes.size()));
    const auto decoded = decode_frame(bytes, kToken);
    if (decoded.state == Decoded::State::frame) {
      ++accepted;
      REQUIRE(decoded.size <= bytes.size());
      REQUIRE(decoded.frame.payload.size() <= kMaxPayload);
    } else if (decoded.state == Decoded::State::malformed) {
      ++refused;
      REQUIRE(decoded.why != nullptr);
    } else {
      ++waiting;
    }
  }
  CHECK(accepted > 1000);
  CHECK(refused > 1000);
  CHECK(waiting > 1000);
}
