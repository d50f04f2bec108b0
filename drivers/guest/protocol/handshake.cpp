#include "drivers/guest/protocol/handshake.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

namespace moult::guest {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMagicBytes = 16;
constexpr std::string_view kCallMagic{"\x7f moult call \r\n\0", kMagicBytes};
constexpr std::string_view kAnswerMagic{"\x7f moult answer\n\0", kMagicBytes};
constexpr std::size_t kPreamble = kMagicBytes + 4 + 8 + 4;  // magic, version, nonce, length of what follows
constexpr std::size_t kMaxPeerBytes = 1024;
constexpr std::size_t kMaxDirt = 64U << 20;  // more than every buffer on the way together

struct Preamble {
  std::uint32_t version = 0;
  std::uint64_t nonce = 0;
  std::uint32_t length = 0;
};

Buffer preamble(std::string_view magic, std::uint64_t nonce, View body) {
  Buffer out(kPreamble);
  std::copy_n(view_of(magic).begin(), kMagicBytes, out.begin());
  store32(&out[16], kProtocolVersion);
  store64(&out[20], nonce);
  store32(&out[28], static_cast<std::uint32_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

/// Drops everything before the magic (or before what may be its beginning). A whole preamble is returned and left in
/// place.
std::optional<Preamble> find(Wire& wire, std::string_view magic) {
  const auto text = text_of(wire.input());
  const auto at = text.find(magic);
  if (at == std::string_view::npos) {
    wire.consume(text.size() - std::min(text.size(), kMagicBytes - 1));
    return std::nullopt;
  }
  wire.consume(at);
  const auto input = wire.input();
  if (input.size() < kPreamble) return std::nullopt;
  return Preamble{load32(&input[16]), load64(&input[20]), load32(&input[28])};
}

Result<Peer> decode_peer(View bytes) {
  Reader in(bytes);
  Peer peer;
  peer.run = in.text("run");
  peer.boot = in.text("boot id");
  peer.instance = in.text("instance");
  MOULT_TRY(in.end());
  return peer;
}

Buffer encode_peer(const Peer& peer) { return Writer().text(peer.run).text(peer.boot).text(peer.instance).take(); }

/// The answer to `nonce`, if it is in the input by now; answers to other calls are dropped.
Result<std::optional<Peer>> find_answer(Wire& wire, std::uint64_t nonce) {
  while (const auto found = find(wire, kAnswerMagic)) {
    const bool mine = found->nonce == nonce && found->length <= kMaxPeerBytes;
    if (mine && found->version != kProtocolVersion)
      return fail(Code::invalid, "the guest's helper speaks another version of the protocol",
                  "abort the run with the moult that began it");
    if (!mine) {
      wire.consume(kMagicBytes);
      continue;
    }
    if (wire.input().size() < kPreamble + found->length) break;
    auto peer = decode_peer(wire.input().subspan(kPreamble, found->length));
    wire.consume(kPreamble + found->length);
    if (!peer) return pass(std::move(peer), "handshake");
    return std::optional(std::move(*peer));
  }
  return std::optional<Peer>();
}

Unexpected nobody(const char* why) {
  return fail(Code::unreachable, std::string("the guest's helper does not answer: ") + why);
}

/// Waits for the answer to one call. An empty optional: not before the deadline.
Result<std::optional<Peer>> await_answer(Wire& wire, std::uint64_t nonce, Moment deadline, std::size_t& dirt) {
  for (;;) {
    MOULT_ASSIGN(auto peer, find_answer(wire, nonce));
    if (peer) return peer;
    const auto before = wire.input().size();
    const auto got = wire.fill(deadline);
    if (got == Wire::Got::deadline) return std::optional<Peer>();
    if (got == Wire::Got::closed) return nobody("the channel is closed");
    if (got == Wire::Got::interrupted) return nobody("interrupted");
    dirt += wire.input().size() - before;
    if (dirt > kMaxDirt) return fail(Code::invalid, "the guest sends bytes without end instead of answering");
  }
}

/// Zeros that end whatever frame was cut off. Reads meanwhile, since the other end may be busy writing and not read
/// before it has got rid of that; a piece that did not go out whole is repeated, more zeros do no harm.
bool pad(Wire& wire, Moment deadline) {
  const Buffer zeros(16U << 10);
  for (std::size_t sent = 0; sent < kMaxFrame;) {
    if (wire.write(zeros, std::min(deadline, after(20ms)))) {
      sent += zeros.size();
      continue;
    }
    const auto got = wire.fill(std::min(deadline, after(1ms)));
    if (got == Wire::Got::closed || got == Wire::Got::interrupted) return false;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    wire.consume(wire.input().size());
  }
  return true;
}

bool call(Wire& wire, std::uint64_t nonce, bool padded, Moment deadline) {
  if (padded && !pad(wire, deadline)) return false;
  return wire.write(preamble(kCallMagic, nonce, {}), deadline);
}

}  // namespace

Result<Greeting> greet(Wire& wire, Moment deadline) {
  std::size_t dirt = 0;
  auto patience = 500ms;
  for (bool padded = false;; padded = true, patience *= 2) {
    const auto nonce = fresh_nonce();
    if (!call(wire, nonce, padded, deadline)) return nobody("the channel takes no bytes");
    MOULT_ASSIGN(auto peer, await_answer(wire, nonce, std::min(deadline, after(patience)), dirt));
    if (peer) return Greeting{Token::from_nonce(nonce), std::move(*peer)};
    if (std::chrono::steady_clock::now() >= deadline) return nobody("no answer in time");
  }
}

Call await_call(Wire& wire, const Peer& self, Moment deadline, Token& token) {
  for (;;) {
    if (const auto found = find(wire, kCallMagic)) {
      wire.consume(kPreamble);
      if (!wire.write(preamble(kAnswerMagic, found->nonce, encode_peer(self)), deadline)) return Call::closed;
      token = Token::from_nonce(found->nonce);
      if (found->version == kProtocolVersion) return Call::accepted;
      continue;
    }
    const auto got = wire.fill(deadline);
    if (got == Wire::Got::closed) return Call::closed;
    if (got == Wire::Got::deadline) return Call::deadline;
    if (got == Wire::Got::interrupted) return Call::interrupted;
  }
}

std::uint64_t fresh_nonce() {
  std::uint64_t nonce = 0;
  while (nonce == 0)
    if (::getrandom(&nonce, sizeof nonce, 0) != sizeof nonce) nonce = 0;
  return nonce;
}

}  // namespace moult::guest
