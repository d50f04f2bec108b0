// Two real helpers in processes of their own, on the loopback of this machine: the port tells the guests apart.
#include "migration/tunnel.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdio>
#include <future>

#include "drivers/guest/server/loopback.hpp"
#include "helper_process.hpp"

using namespace moult;
using namespace moult::test;
using namespace std::chrono_literals;

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Fd dial(int port) {
  Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) socket.reset();
  const timeval patience{20, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return socket;
}

/// A service: gives back what it is sent, and ends when its client does.
class Echo {
 public:
  Echo() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = loopback(0);
    ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    ::listen(listener_.get(), 64);
    sockaddr_in got{};
    socklen_t size = sizeof got;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&got), &size);
    port = ntohs(got.sin_port);
    server_ = std::thread([this] { serve(); });
  }
  ~Echo() {
    stop_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);
    server_.join();
    for (auto& thread : threads_) thread.join();
  }
  int port = 0;
  std::atomic<int> taken = 0;

 private:
  void serve() {
    while (!stop_) {
      const int fd = ::accept(listener_.get(), nullptr, nullptr);
      if (fd < 0) continue;
      ++taken;
      threads_.emplace_back([socket = Fd(fd)] {
        std::vector<char> buffer(256U << 10);
        for (;;) {
          const auto count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
          if (count <= 0) return;
          for (ssize_t sent = 0; sent < count;) {
            const auto more =
                ::send(socket.get(), buffer.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
            if (more <= 0) return;
            sent += more;
          }
        }
      });
    }
  }
  Fd listener_;
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
  std::thread server_;
};

/// A service: tells its one client the text, a little at a time.
class Teller {
 public:
  enum class End { clean, broken };
  Teller(std::string text, std::size_t at_a_time, End end = End::clean)
      : listener_(*guest::listen_on_loopback(0)), text_(std::move(text)), at_a_time_(at_a_time), end_(end) {}
  ~Teller() { server_.join(); }
  [[nodiscard]] int port() const { return *guest::port_of(listener_); }

 private:
  void tell() const {
    pollfd polled{listener_.get(), POLLIN, 0};
    ::poll(&polled, 1, 20'000);
    Fd client(::accept(listener_.get(), nullptr, nullptr));
    guest::send_at_once(client);
    for (std::size_t sent = 0; sent < text_.size(); sent += at_a_time_) {
      const auto part = text_.substr(sent, at_a_time_);
      if (::send(client.get(), part.data(), part.size(), MSG_NOSIGNAL) < 0) return;
      std::this_thread::sleep_for(50us);
    }
    if (end_ == End::broken) guest::reset_connection(client);
  }
  Fd listener_;
  std::string text_;
  std::size_t at_a_time_;
  End end_;
  std::thread server_{[this] { tell(); }};
};

/// Sends, ends, and returns what comes back up to the end; "broken" where it does not end.
std::string exchange(const Fd& socket, const std::string& text) {
  auto sender = std::async(std::launch::async, [&] {
    for (std::size_t sent = 0; sent < text.size();) {
      const auto more = ::send(socket.get(), text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) return;
      sent += static_cast<std::size_t>(more);
    }
    ::shutdown(socket.get(), SHUT_WR);
  });
  std::string back;
  std::vector<char> buffer(256U << 10);
  for (;;) {
    const auto count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count < 0) return "broken";
    if (count == 0) return back;
    back.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

struct Pair {
  HelperProcess clone, original;
  Echo echo;
  [[nodiscard]] Tunnel::Setup setup(int port = 0) {
    return {[this]() -> Result<GuestSession*> { return &clone.session(); }, 0,
            [this]() -> Result<GuestSession*> { return &original.session(); }, port == 0 ? echo.port : port};
  }
};

std::string numbers(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += std::to_string(i) + "\n";
  return text;
}

template <typename Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  return condition();
}

}  // namespace

TEST_CASE("a connection in the clone reaches the original's port, both ways and up to its end") {
  Pair pair;
  auto tunnel = Tunnel::open(pair.setup());
  REQUIRE(tunnel);
  const auto text = numbers(500'000);
  CHECK(exchange(dial((*tunnel)->port()), text) == text);
  CHECK((*tunnel)->bytes() == 2 * text.size());
  CHECK(exchange(dial((*tunnel)->port()), "").empty());
  CHECK((*tunnel)->connections() == 2);
  CHECK(exchange(dial((*tunnel)->port()), "short") == "short");
  CHECK(comes_true([&] { return (*tunnel)->least() == 2 * std::string("short").size(); }));
}

TEST_CASE("what is said a little at a time comes whole, and in fewer pieces than it was said in") {
  HelperProcess guest;
  const auto text = numbers(6'000);
  Teller teller(text, 16);
  const auto begin = std::chrono::steady_clock::now();
  auto end = guest.session().tunnel().connect(teller.port());
  REQUIRE(end);
  std::string heard;
  std::size_t pieces = 0;
  for (;; ++pieces) {
    const auto piece = (*end)->receive();
    REQUIRE(piece);
    if (piece->empty()) break;
    heard.append(reinterpret_cast<const char*>(piece->data()), piece->size());
  }
  CHECK(heard == text);
  // A piece waits 2 ms for what follows, but for one of 4 KiB and one that comes 10 ms after the piece before.
  const auto took = std::chrono::steady_clock::now() - begin;
  CHECK(pieces <= static_cast<std::size_t>(took / 2ms) + text.size() / 4096 + 2);
}

TEST_CASE("a connection that breaks while more of it is waited for is broken on the other side, and never ended") {
  HelperProcess guest;
  for (int i = 0; i < 20; ++i) {
    Teller teller(numbers(20), 16, Teller::End::broken);
    auto end = guest.session().tunnel().connect(teller.port());
    REQUIRE(end);
    auto piece = (*end)->receive();
    while (piece && !piece->empty()) piece = (*end)->receive();
    CHECK_FALSE(piece);
  }
}

TEST_CASE("a connection is held open without traffic, and answers one byte at a time") {
  Pair pair;
  auto tunnel = Tunnel::open(pair.setup());
  REQUIRE(tunnel);
  const auto socket = dial((*tunnel)->port());
  for (int i = 0; i < 50; ++i) {
    const char sent = static_cast<char>('a' + i % 26);
    REQUIRE(::send(socket.get(), &sent, 1, MSG_NOSIGNAL) == 1);
    char got = 0;
    REQUIRE(::recv(socket.get(), &got, 1, 0) == 1);
    CHECK(got == sent);
  }
}

TEST_CASE("several connections go side by side, and one too many is reset") {
  Pair pair;
  auto tunnel = Tunnel::open(pair.setup());
  REQUIRE(tunnel);
  std::vector<Fd> sockets;
  for (std::size_t i = 0; i < Tunnel::kMostConnections; ++i) {
    sockets.push_back(dial((*tunnel)->port()));
    REQUIRE(::send(sockets.back().get(), "x", 1, MSG_NOSIGNAL) == 1);
    char got = 0;
    REQUIRE(::recv(sockets.back().get(), &got, 1, 0) == 1);
  }
  const auto over = dial((*tunnel)->port());
  char got = 0;
  CHECK(::recv(over.get(), &got, 1, 0) < 0);
  CHECK((*tunnel)->trouble()->code == Code::busy);
  sockets.clear();
  CHECK(comes_true([&] { return exchange(dial((*tunnel)->port()), "again") == "again"; }));
}

TEST_CASE("nothing listens in the original: the clone's connection is reset, and the trouble is named") {
  Pair pair;
  int nobody = 0;
  {
    Echo gone;
    nobody = gone.port;
  }
  auto tunnel = Tunnel::open(pair.setup(nobody));
  REQUIRE(tunnel);
  CHECK(exchange(dial((*tunnel)->port()), "hello") == "broken");
  REQUIRE(comes_true([&] { return (*tunnel)->trouble().has_value(); }));
  CHECK((*tunnel)->trouble()->code == Code::unreachable);
  CHECK_THAT((*tunnel)->trouble()->message, Catch::Contains(std::to_string(nobody)));
}

TEST_CASE("a helper that dies breaks its connections on the other side, and the next one serves the same port") {
  Pair pair;
  auto tunnel = Tunnel::open(pair.setup());
  REQUIRE(tunnel);
  const bool listening_one = GENERATE(true, false);
  const auto socket = dial((*tunnel)->port());
  REQUIRE(::send(socket.get(), "x", 1, MSG_NOSIGNAL) == 1);
  char got = 0;
  REQUIRE(::recv(socket.get(), &got, 1, 0) == 1);
  (listening_one ? pair.clone : pair.original).kill();
  CHECK(::recv(socket.get(), &got, 1, 0) <= 0);
  CHECK(comes_true([&] { return exchange(dial((*tunnel)->port()), "again") == "again"; }));
}

TEST_CASE("a tunnel that goes leaves nothing that listens, and breaks what was open") {
  Pair pair;
  auto tunnel = Tunnel::open(pair.setup());
  REQUIRE(tunnel);
  const auto port = (*tunnel)->port();
  const auto socket = dial(port);
  REQUIRE(::send(socket.get(), "x", 1, MSG_NOSIGNAL) == 1);
  char got = 0;
  REQUIRE(::recv(socket.get(), &got, 1, 0) == 1);
  tunnel->reset();
  CHECK(::recv(socket.get(), &got, 1, 0) <= 0);
  CHECK(comes_true([&] { return !dial(port); }));
}

TEST_CASE("a port that is taken is named") {
  Pair pair;
  auto setup = pair.setup();
  setup.listen_port = pair.echo.port;
  const auto tunnel = Tunnel::open(setup);
  REQUIRE_FALSE(tunnel);
  CHECK(tunnel.error().code == Code::busy);
  CHECK_THAT(tunnel.error().message, Catch::Contains(std::to_string(pair.echo.port)));
}

TEST_CASE("a connection whose reader does not read holds back its writer alone") {
  Pair pair;
  auto tunnel = Tunnel::open(pair.setup());
  REQUIRE(tunnel);
  const auto stuck = dial((*tunnel)->port());
  const timeval soon{1, 0};
  ::setsockopt(stuck.get(), SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
  const std::string piece(1U << 20, 'x');
  std::size_t sent = 0;
  for (;;) {
    const auto more = ::send(stuck.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (more <= 0) break;
    sent += static_cast<std::size_t>(more);
    REQUIRE(sent < (256U << 20));  // bounded: windows and socket buffers
  }
  CHECK(exchange(dial((*tunnel)->port()), "others go on") == "others go on");
}

TEST_CASE("what a tunnel carries against a plain connection", "[.bench]") {
  Pair pair;
  auto tunnel = Tunnel::open(pair.setup());
  REQUIRE(tunnel);
  const std::string text(64U << 20, 'x');
  for (const int port : {pair.echo.port, (*tunnel)->port(), pair.echo.port, (*tunnel)->port()}) {
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(exchange(dial(port), text).size() == text.size());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%s: %.0f MiB/s each way\n", port == pair.echo.port ? "plain" : "tunnel", 64 / took.count());
  }
}

TEST_CASE("a started command is spoken with up to its end, and lives no longer than its connection") {
  HelperProcess guest;
  auto& tunnel = guest.session().tunnel();
  Command command;
  command.argv = {"sh", "-c", "cat; echo over >&2; exit 3"};
  auto spoken = tunnel.start(command);
  REQUIRE(spoken);
  const auto text = numbers(500'000);
  auto sender = std::async(std::launch::async, [&] {
    static_cast<void>(spoken->end->send(std::as_bytes(std::span(text))));
    static_cast<void>(spoken->end->finish());
  });
  std::string back;
  for (;;) {
    const auto piece = spoken->end->receive();
    GOOD(piece);
    if (piece->empty()) break;
    back.append(reinterpret_cast<const char*>(piece->data()), piece->size());
  }
  CHECK(back == text + "over\n");
  command.argv = {"no-such-program"};
  CHECK(tunnel.start(command).error().code == Code::not_found);
}

namespace {

/// A command that says its number and its child's, and then that it is told to end, and stays.
struct Stubborn {
  explicit Stubborn(GuestTunnel& tunnel) {
    Command command;
    command.argv = {"sh", "-c", "trap 'kill -9 $!; exit' TERM; setsid sleep 1000 & echo $$ $!; wait"};
    auto begun = tunnel.start(command);
    REQUIRE(begun);
    started = std::move(*begun);
    const auto said = started.end->receive();
    GOOD(said);
    std::sscanf(reinterpret_cast<const char*>(said->data()), "%d %d", &leader, &child);
    REQUIRE(alive());
    REQUIRE(::kill(child, 0) == 0);
  }
  [[nodiscard]] bool alive() const {
    // One that was killed may still wait to be reaped.
    return std::system(("grep -qs '^State:.[^Z]' /proc/" + std::to_string(leader) +
                        "/status || grep -qs "
                        "'^State:.[^Z]' /proc/" +
                        std::to_string(child) + "/status")
                           .c_str()) == 0;
  }
  StartedCommand started;
  int leader = 0, child = 0;
};

}  // namespace

TEST_CASE("a started command is killed with all that it started") {
  HelperProcess guest;
  auto& tunnel = guest.session().tunnel();
  Stubborn command(tunnel), other(tunnel);
  SECTION("when that is asked, before the answer") {
    GOOD(tunnel.kill(command.started.number));
    CHECK_FALSE(command.alive());
    CHECK(other.alive());
    GOOD(tunnel.kill(command.started.number));
  }
  SECTION("when its connection goes") {
    command.started.end.reset();
    CHECK(comes_true([&] { return !command.alive(); }));
    CHECK(other.alive());
  }
  SECTION("when the helper dies") {
    guest.kill();
    CHECK(comes_true([&] { return !command.alive() && !other.alive(); }));
  }
}
