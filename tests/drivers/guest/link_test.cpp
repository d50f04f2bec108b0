#include "drivers/guest/protocol/link.hpp"

#include <sys/socket.h>

#include <atomic>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "drivers/guest/protocol/bulk.hpp"

using namespace moult;
using namespace moult::guest;
using namespace std::chrono_literals;

namespace {

const Token kToken{11, 22};

/// A client's link against raw bytes.
struct Raw {
  explicit Raw(LinkOptions options = {}) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    wire.emplace(Fd(ends[0]));
    other.emplace(Fd(ends[1]));
    link.emplace(*wire, kToken, Link::Accept{}, options);
  }
  void send(const Frame& frame) {
    Buffer bytes(kHeaderBytes + kTrailerBytes);
    encode_header(bytes.data(), kToken, frame, frame.payload.size());
    bytes.insert(bytes.begin() + kHeaderBytes, frame.payload.begin(), frame.payload.end());
    encode_trailer(&bytes[bytes.size() - kTrailerBytes], kToken);
    REQUIRE(other->write(bytes, after(5s)));
  }
  /// Why the link is over.
  std::string reason() {
    link->wait();
    return link->ended()->message;
  }
  std::optional<Wire> wire, other;
  std::optional<Link> link;
};

}  // namespace

TEST_CASE("frames that break the rules end the connection, with the rule") {
  Raw raw;
  auto stream = *raw.link->open(1);
  const auto broken = [&](const char* text) { CHECK_THAT(raw.reason(), Catch::Contains(text)); };
  SECTION("a stream that was never opened") {
    raw.send({Kind::bulk, 0, 99, view_of("x")});
    broken("never opened");
  }
  SECTION("a stream opened by the server") {
    raw.send({Kind::open, 0, 5, {}});
    broken("wrong side");
  }
  SECTION("credit that was not spent") {
    const std::byte amount[4] = {std::byte{255}};  // the request took less
    raw.send({Kind::credit, 0, 1, amount});
    broken("credit above the window");
  }
  SECTION("credit of a wrong size") {
    raw.send({Kind::credit, 0, 1, view_of("12345")});
    broken("credit of a wrong size");
  }
  SECTION("content after the end") {
    raw.send({Kind::finish, 0, 1, {}});
    raw.send({Kind::bulk, 0, 1, view_of("x")});
    broken("content after its end");
  }
  SECTION("unknown flags") {
    raw.send({Kind::message, 9, 1, view_of("x")});
    broken("unknown flags");
  }
  SECTION("bytes that are no frame") {
    REQUIRE(raw.other->write(view_of("no frame at all"), after(1s)));
    broken("token");
  }
  const auto received = stream->receive(after(5s));
  while (received) break;
  if (!received) CHECK(received.error().disposition == Disposition::ambiguous);
}

TEST_CASE("more content than its credit ends the connection instead of filling the memory") {
  Raw raw;
  const auto stream = *raw.link->open(1);
  const Buffer piece(kMaxPayload, std::byte{1});
  std::thread sender([&] {
    for (int i = 0; i < 100 && !raw.link->ended(); ++i) {
      Buffer bytes(kHeaderBytes + piece.size() + kTrailerBytes);
      encode_header(bytes.data(), kToken, {Kind::bulk, 0, 1, {}}, piece.size());
      encode_trailer(&bytes[bytes.size() - kTrailerBytes], kToken);
      if (!raw.other->write(bytes, after(1s))) break;
    }
  });
  CHECK_THAT(raw.reason(), Catch::Contains("beyond its credit"));
  raw.link.reset();
  sender.join();
}

TEST_CASE("many empty pieces are not free") {
  Raw raw;
  const auto stream = *raw.link->open(1);
  Buffer frame(kHeaderBytes + kTrailerBytes), many;
  encode_header(frame.data(), kToken, {Kind::message, 1, 1, {}}, 0);
  encode_trailer(&frame[kHeaderBytes], kToken);
  for (std::size_t i = 0; i < kWindow / 64 + 10; ++i) many.insert(many.end(), frame.begin(), frame.end());
  std::thread sender([&] { static_cast<void>(raw.other->write(many, after(5s))); });
  CHECK_THAT(raw.reason(), Catch::Contains("beyond its credit"));
  sender.join();
}

namespace {

/// The kinds of the frames that arrive at once.
std::vector<Kind> kinds_at_once(Wire& wire) {
  std::vector<Kind> kinds;
  REQUIRE(wire.fill(after(5s)) == Wire::Got::bytes);
  for (auto next = decode_frame(wire.input(), kToken); next.state == Decoded::State::frame;
       next = decode_frame(wire.input(), kToken)) {
    kinds.push_back(next.frame.kind);
    wire.consume(next.size);
  }
  return kinds;
}

}  // namespace

TEST_CASE("a call and its request go out at once, and so do a reply and its end") {
  Raw raw;
  const auto whole = *raw.link->open(1, view_of("request"), true);
  CHECK(kinds_at_once(*raw.other) == std::vector{Kind::open, Kind::message, Kind::finish});
  const auto open = *raw.link->open(1, view_of("request"));
  CHECK(kinds_at_once(*raw.other) == std::vector{Kind::open, Kind::message});
  REQUIRE(open->finish_with(view_of("reply")));
  CHECK(kinds_at_once(*raw.other) == std::vector{Kind::message, Kind::finish});
}

TEST_CASE("a long request arrives whole") {
  Raw raw;
  const Buffer request(4 * Stream::kSmallMessage, std::byte{7});
  Result<std::shared_ptr<Stream>> stream;  // one that nobody holds is given up
  std::thread sender([&] { stream = raw.link->open(1, request, true); });
  std::vector<Kind> kinds;
  while (kinds.empty() || kinds.back() != Kind::finish)
    for (const auto kind : kinds_at_once(*raw.other)) kinds.push_back(kind);
  sender.join();
  CHECK(stream);
  CHECK(kinds == std::vector{Kind::open, Kind::message, Kind::message, Kind::finish});
}

TEST_CASE("a call of which a part went out is of unknown outcome; of which nothing did, may be made again") {
  Raw raw;
  const int least = 1;
  REQUIRE(::setsockopt(raw.wire->fd(), SOL_SOCKET, SO_SNDBUF, &least, sizeof least) == 0);
  std::thread leaver([&] {
    while (raw.other->fill(after(5s)) == Wire::Got::bytes && raw.other->input().empty()) {
    }
    raw.other.reset();
  });
  const auto half = raw.link->open(1, Buffer(Stream::kSmallMessage), true);
  leaver.join();
  REQUIRE_FALSE(half);
  CHECK(half.error().disposition == Disposition::ambiguous);
  const auto none = raw.link->open(1, view_of("request"), true);
  REQUIRE_FALSE(none);
  CHECK(none.error().disposition == Disposition::retry);
}

TEST_CASE("silence ends a connection on which someone waits, and only then") {
  Raw raw(LinkOptions{20ms, 200ms});
  std::this_thread::sleep_for(500ms);
  CHECK_FALSE(raw.link->ended());
  const auto stream = *raw.link->open(1);
  const auto begun = std::chrono::steady_clock::now();
  const auto received = stream->receive(after(10s));
  REQUIRE_FALSE(received);
  CHECK(received.error().code == Code::unreachable);
  CHECK(received.error().disposition == Disposition::ambiguous);
  CHECK_THAT(received.error().message, Catch::Contains("silent"));
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("who answers each ping at once is waited for, however long it takes") {
  Raw raw(LinkOptions{20ms, 1s});
  const auto stream = *raw.link->open(1);
  std::atomic<bool> over = false;
  std::thread peer([&] {
    while (!over) {
      if (raw.other->fill(after(20ms)) != Wire::Got::bytes) continue;
      raw.other->consume(kMaxFrame);
      raw.send({Kind::pong, 0, 0, {}});
    }
  });
  const auto received = stream->receive(after(3s));
  over = true;
  peer.join();
  REQUIRE_FALSE(received);
  CHECK(received.error().code == Code::timeout);
  CHECK_FALSE(raw.link->ended());
}

TEST_CASE("a goodbye ends the connection at once") {
  Raw raw;
  const auto stream = *raw.link->open(1);
  raw.send({Kind::bye, 0, 0, {}});
  const auto received = stream->receive(after(5s));
  REQUIRE_FALSE(received);
  CHECK(received.error().code == Code::unreachable);
}

TEST_CASE("what arrived before the end is still received") {
  Raw raw;
  const auto stream = *raw.link->open(1);
  raw.send({Kind::message, 1, 1, view_of("first ")});
  raw.send({Kind::message, 0, 1, view_of("second")});
  raw.other.reset();
  raw.link->wait();
  const auto received = stream->receive(after(5s));
  REQUIRE(received);
  CHECK(text_of(received->bytes) == "first second");
  CHECK_FALSE(stream->receive(after(5s)));
}

TEST_CASE("a receiver's deadline is a timeout of unknown outcome") {
  Raw raw;
  const auto stream = *raw.link->open(1);
  const auto received = stream->receive(after(50ms));
  REQUIRE_FALSE(received);
  CHECK(received.error().code == Code::timeout);
  CHECK(received.error().disposition == Disposition::ambiguous);
}
