#include "drivers/guest/protocol/handshake.hpp"

#include <sys/socket.h>

#include <atomic>
#include <future>
#include <optional>
#include <random>
#include <thread>

#include "catch.hpp"

using namespace moult;
using namespace moult::guest;
using namespace std::chrono_literals;

namespace {

struct Ends {
  Ends() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    client.emplace(Fd(ends[0]));
    server.emplace(Fd(ends[1]));
  }
  std::optional<Wire> client, server;
};

const Peer kSelf{"run-7", "boot-x", "inst-y"};

std::future<std::pair<Call, Token>> answering(Wire& wire) {
  return std::async(std::launch::async, [&wire] {
    Token token;
    const auto call = await_call(wire, kSelf, after(20s), token);
    return std::pair(call, token);
  });
}

Buffer noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Buffer bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

/// The beginning of a frame of an earlier connection, whose rest never comes.
Buffer half_frame() {
  Buffer bytes(kHeaderBytes + 100);
  encode_header(bytes.data(), Token{5, 6}, {Kind::bulk, 0, 1, {}}, kMaxPayload);
  return bytes;
}

}  // namespace

TEST_CASE("both ends agree on a token, and the client learns who answers") {
  Ends ends;
  auto answered = answering(*ends.server);
  const auto greeting = greet(*ends.client, after(5s));
  REQUIRE(greeting);
  const auto [call, token] = answered.get();
  CHECK(call == Call::accepted);
  CHECK(token.head == greeting->token.head);
  CHECK(token.tail == greeting->token.tail);
  CHECK(greeting->peer.run == "run-7");
  CHECK(greeting->peer.boot == "boot-x");
  CHECK(greeting->peer.instance == "inst-y");
}

TEST_CASE("both ends find each other behind what an earlier connection left in the channel") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    Ends ends;
    REQUIRE(ends.client->write(noise(seed * 997, seed), after(1s)));
    REQUIRE(ends.client->write(half_frame(), after(1s)));
    REQUIRE(ends.server->write(noise(seed * 1009, seed + 100), after(1s)));
    auto answered = answering(*ends.server);
    const auto greeting = greet(*ends.client, after(5s));
    REQUIRE(greeting);
    CHECK(answered.get().second.head == greeting->token.head);
  }
}

TEST_CASE("an answer to an earlier call is not taken for one's own") {
  Ends ends;
  // A client calls and goes; its answer is still in the channel when the next one calls.
  auto first = answering(*ends.server);
  Wire gone(Fd(::dup(ends.client->fd())));
  REQUIRE(greet(gone, after(5s)));
  first.get();
  auto stale = answering(*ends.server);
  std::thread([&] { static_cast<void>(greet(*ends.client, after(1ms))); }).join();
  stale.get();
  auto answered = answering(*ends.server);
  const auto greeting = greet(*ends.client, after(5s));
  REQUIRE(greeting);
  CHECK(answered.get().second.tail == greeting->token.tail);
}

TEST_CASE("nobody on the other end is unreachable, in time") {
  Ends ends;
  const auto begun = std::chrono::steady_clock::now();
  const auto greeting = greet(*ends.client, after(700ms));
  REQUIRE_FALSE(greeting);
  CHECK(greeting.error().code == Code::unreachable);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("an endless stream of noise instead of an answer is given up") {
  Ends ends;
  std::atomic<bool> stop = false;
  std::thread babbler([&] {
    const auto bytes = noise(1U << 20, 3);
    while (!stop && ends.server->write(bytes, after(10s))) {
    }
  });
  const auto greeting = greet(*ends.client, after(600s));  // the thread sanitizer needs a minute
  stop = true;
  ends.client.reset();
  babbler.join();
  REQUIRE_FALSE(greeting);
  CHECK(greeting.error().code == Code::invalid);
}

TEST_CASE("a helper with another version of the protocol is named as such") {
  Ends ends;
  auto client = std::async(std::launch::async, [&] { return greet(*ends.client, after(5s)); });
  while (ends.server->input().size() < 32) REQUIRE(ends.server->fill(after(5s)) == Wire::Got::bytes);
  Buffer answer(ends.server->input().begin(), ends.server->input().end());
  const auto magic = view_of(std::string_view("\x7f moult answer\n\0", 16));
  std::copy(magic.begin(), magic.end(), answer.begin());
  store32(&answer[16], 99);
  REQUIRE(ends.server->write(answer, after(1s)));
  const auto greeting = client.get();
  REQUIRE_FALSE(greeting);
  CHECK_THAT(greeting.error().message, Catch::Contains("version"));
}
