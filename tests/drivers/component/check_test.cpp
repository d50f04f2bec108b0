// Real bash and real sockets on this host.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <thread>

#include "catch.hpp"
#include "drivers/component_driver.hpp"
#include "drivers/fd.hpp"
#include "host_access.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

/// Answers each connection on a port of its own with what `answer` makes of its number and request.
class TinyServer {
 public:
  using Answerer = std::function<std::string(int, const std::string&)>;
  explicit TinyServer(Answerer answer) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(listener_.get(), 16) == 0);
    socklen_t size = sizeof(address);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ::ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer)] { serve(answer); });
  }
  TinyServer(const TinyServer&) = delete;
  TinyServer& operator=(const TinyServer&) = delete;
  ~TinyServer() { stop(); }
  /// What the answerer noted may be read after this.
  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] int port() const { return port_; }

 private:
  void serve(const Answerer& answer) {
    for (int number = 1; !stop_;) {
      pollfd wait{listener_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 20) <= 0) continue;
      const Fd visitor(::accept(listener_.get(), nullptr, nullptr));
      std::string request;
      char piece[1024];
      // A server that closes before it has read the whole request resets the connection.
      while (request.find("\r\n\r\n") == std::string::npos) {
        const auto count = ::recv(visitor.get(), piece, sizeof(piece), 0);
        if (count <= 0) break;
        request.append(piece, static_cast<std::size_t>(count));
      }
      const auto text = answer(number++, request);
      (void)::send(visitor.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }
  }
  Fd listener_;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

CheckSpec http_check(int port, std::chrono::milliseconds timeout = 3s) {
  CheckSpec check;
  check.kind = CheckKind::http;
  check.port = port;
  check.path = "/health";
  check.timeout = timeout;
  return check;
}

std::string message_of(const Result<>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::failed);
  return result.error().message;
}

}  // namespace

TEST_CASE("an http check asks for its path and waits until the answer is good") {
  Scratch scratch;
  HostAccess guest(scratch);
  std::string asked;
  TinyServer server([&](int number, const std::string& request) {
    asked = request.substr(0, request.find('\r'));
    return number < 3 ? std::string("HTTP/1.0 503 Busy\r\n\r\nstarting")
                      : std::string("HTTP/1.1 200 OK\r\n\r\nall is well");
  });
  auto check = http_check(server.port());
  check.contains = "is well";
  CHECK(run_check(check, guest, guest.clock));
  server.stop();
  CHECK(asked == "GET /health HTTP/1.0");
  CHECK(guest.ran.size() == 3);
  CHECK(guest.clock.pauses == std::vector<Millis>{20ms, 40ms});
}

TEST_CASE("an http check that stays bad says the last answer") {
  Scratch scratch;
  HostAccess guest(scratch);
  TinyServer server([](int, const std::string&) { return "HTTP/1.0 500 Oops\r\n\r\nno \033[1mdatabase"; });
  const auto message = message_of(run_check(http_check(server.port(), 1500ms), guest, guest.clock));
  CHECK(message.find("status 500 instead of 200") != std::string::npos);
  CHECK(message.find("database") != std::string::npos);
  CHECK(message.find('\033') == std::string::npos);
  CHECK(message.find("/health") != std::string::npos);

  auto check = http_check(server.port(), 1500ms);
  check.status = 500;
  CHECK(run_check(check, guest, guest.clock));
  check.contains = "poetry";
  CHECK(message_of(run_check(check, guest, guest.clock)).find("a body without \"poetry\"") != std::string::npos);
}

TEST_CASE("a port where nobody listens, or that speaks no HTTP, is told apart") {
  Scratch scratch;
  HostAccess guest(scratch);
  CHECK(message_of(run_check(http_check(1, 1500ms), guest, guest.clock)).find("refused") != std::string::npos);
  TinyServer server([](int, const std::string&) { return "SSH-2.0-OpenSSH\r\n"; });
  CHECK(message_of(run_check(http_check(server.port(), 1500ms), guest, guest.clock)).find("no HTTP answer but SSH") !=
        std::string::npos);
}

TEST_CASE("a path is an argument and no script") {
  Scratch scratch;
  HostAccess guest(scratch);
  std::string asked;
  TinyServer server([&](int, const std::string& request) {
    asked = request.substr(0, request.find('\r'));
    return "HTTP/1.0 200 OK\r\n\r\n";
  });
  auto check = http_check(server.port());
  check.path = "/$(touch " + scratch.path("owned") + ")`id`%s";
  CHECK(run_check(check, guest, guest.clock));
  server.stop();
  CHECK(asked.find("$(touch") != std::string::npos);
  CHECK_FALSE(scratch.has("owned"));
}

TEST_CASE("a tcp check is good when the port takes connections") {
  Scratch scratch;
  HostAccess guest(scratch);
  CheckSpec check;
  check.kind = CheckKind::tcp;
  check.timeout = 1500ms;
  {
    TinyServer server([](int, const std::string&) { return ""; });
    check.port = server.port();
    CHECK(run_check(check, guest, guest.clock));
  }
  CHECK(message_of(run_check(check, guest, guest.clock)).find("port " + std::to_string(check.port)) !=
        std::string::npos);
}

TEST_CASE("a command check is good at exit code 0, and no check is good at once") {
  Scratch scratch;
  HostAccess guest(scratch);
  CheckSpec check;
  CHECK(run_check(check, guest, guest.clock));
  check.kind = CheckKind::command;
  check.timeout = 2s;
  check.command = {"sh", "-c", "test -e \"$0\" || { touch \"$0\"; exit 1; }", scratch.path("second-time")};
  CHECK(run_check(check, guest, guest.clock));
  check.command = {"sh", "-c", "echo half a replica missing; exit 6"};
  check.timeout = 1s;
  const auto message = message_of(run_check(check, guest, guest.clock));
  CHECK(message.find("exit code 6") != std::string::npos);
  CHECK(message.find("half a replica") != std::string::npos);
  check.command = {"sleep", "9"};
  CHECK(message_of(run_check(check, guest, guest.clock)).find("no answer within") != std::string::npos);
}

TEST_CASE("the time that a check may take is the clock's: a minute of trying takes no minute in a simulated world") {
  Scratch scratch;
  HostAccess guest(scratch);
  CheckSpec check;
  check.kind = CheckKind::command;
  check.command = {"check"};
  check.timeout = 60s;
  guest.answers.assign(100, Outcome{1, "", "not yet", false});
  CHECK(message_of(run_check(check, guest, guest.clock)).find("not yet") != std::string::npos);
  CHECK(guest.clock.steady() > 58s);
  CHECK(guest.clock.steady() <= 60s);
  CHECK(guest.clock.pauses.back() == 1000ms);
}
