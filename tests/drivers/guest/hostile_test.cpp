#include <sys/socket.h>

#include <random>

#include "catch.hpp"
#include "rig.hpp"

using namespace moult;
using namespace moult::guest;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

Buffer frame_bytes(const Token& token, const Frame& frame) {
  Buffer bytes(kHeaderBytes);
  encode_header(bytes.data(), token, frame, frame.payload.size());
  bytes.insert(bytes.end(), frame.payload.begin(), frame.payload.end());
  bytes.resize(bytes.size() + kTrailerBytes);
  encode_trailer(&bytes[bytes.size() - kTrailerBytes], token);
  return bytes;
}

/// A plausible conversation, damaged here and there. Programs named in it do not exist.
Buffer conversation(const Token& token, std::mt19937& random) {
  Buffer all;
  const auto add = [&](const Frame& frame) {
    auto bytes = frame_bytes(token, frame);
    if (random() % 4 == 0) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    all.insert(all.end(), bytes.begin(), bytes.end());
  };
  Command command;
  command.argv = {"no-such-program"};
  const auto request = encode(command);
  for (std::uint32_t stream = 1; stream < 8; ++stream) {
    const auto method = static_cast<std::uint8_t>(random() % 32);
    add({Kind::open, method, stream, {}});
    add({Kind::message, static_cast<std::uint8_t>(random() % 2), stream,
         View(request).first(random() % request.size())});
    add({static_cast<Kind>(1 + random() % 9), 0, static_cast<std::uint32_t>(random() % 9),
         View(request).first(random() % 5)});
    add({Kind::finish, 0, stream, {}});
  }
  return all;
}

}  // namespace

TEST_CASE("a hostile client breaks its own connection, never the helper") {
  Rig rig;
  rig.service.remove = []() -> Result<> {
    return fail(Code::refused, "not now");
  };  // a damaged byte may well ask for it
  std::mt19937 random(11);
  for (int i = 0; i < 400; ++i) {
    auto fd = rig.port.open();
    REQUIRE(fd);
    Wire wire(std::move(*fd));
    const auto greeting = greet(wire, after(10s));
    INFO(i << ": " << (greeting ? "" : greeting.error().describe()));
    REQUIRE(greeting);
    REQUIRE(wire.write(conversation(greeting->token, random), after(10s)));
    if (i % 3 == 0) static_cast<void>(wire.fill(after(5ms)));
  }
  const auto outcome = rig.session.access().run(command_of({"echo", "well"}));
  REQUIRE(outcome);
  CHECK(outcome->out == "well\n");
}

TEST_CASE("a hostile helper costs the caller an error, never more") {
  std::mt19937 random(12);
  unsigned errors = 0;
  for (int i = 0; i < 300; ++i) {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    Wire theirs{Fd(ends[1])};
    std::thread helper([&, seed = random()] {
      std::mt19937 dice(static_cast<unsigned>(seed));
      Token token;
      if (await_call(theirs, Peer{"run-1", "b", "i"}, after(10s), token) != Call::accepted) return;
      static_cast<void>(theirs.fill(after(5s)));
      Buffer answer(dice() % 200);
      for (auto& byte : answer) byte = static_cast<std::byte>(dice());
      auto bytes = frame_bytes(token, {dice() % 2 == 0 ? Kind::message : static_cast<Kind>(1 + dice() % 9),
                                       static_cast<std::uint8_t>(dice() % 3), 1, answer});
      if (dice() % 3 == 0) bytes[dice() % bytes.size()] = static_cast<std::byte>(dice());
      static_cast<void>(theirs.write(bytes, after(1s)));
      static_cast<void>(theirs.write(frame_bytes(token, {Kind::finish, 0, 1, {}}), after(1s)));
      ::shutdown(theirs.fd(), SHUT_WR);
      while (theirs.fill(after(5s)) == Wire::Got::bytes) theirs.consume(theirs.input().size());
    });
    bool opened = false;
    {
      RemoteSession session({[&]() -> Result<Fd> {
                               if (std::exchange(opened, true)) return fail(Code::unreachable, "once only");
                               return Fd(ends[0]);
                             },
                             {}},
                            Rig::options("run-1", 2s));
      const auto report = session.files().apply("notes");
      const auto outcome = session.access().run(command_of({"true"}));
      if (!outcome) ++errors;
    }
    helper.join();
  }
  CHECK(errors == 300);
}
