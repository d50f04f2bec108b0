#include "drivers/entry/haproxy/runtime_api.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include "catch.hpp"
#include "drivers/fd.hpp"

using namespace std::chrono_literals;
using moult::Code;
using moult::Fd;
using moult::haproxy::RuntimeApi;

namespace {

/// A unix socket whose one visitor is treated by `serve`.
class FakeSocket {
 public:
  explicit FakeSocket(std::function<void(int)> serve)
      : path_("/tmp/moult-runtime-" + std::to_string(::getpid()) + ".sock"),
        listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    ::unlink(path_.c_str());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(listener_.get(), 1) == 0);
    thread_ = std::thread([this, serve = std::move(serve)] {
      const Fd visitor(::accept(listener_.get(), nullptr, nullptr));
      char question[64];
      (void)::recv(visitor.get(), question, sizeof(question), 0);
      serve(visitor.get());
    });
  }
  FakeSocket(const FakeSocket&) = delete;
  FakeSocket& operator=(const FakeSocket&) = delete;
  ~FakeSocket() {
    thread_.join();
    ::unlink(path_.c_str());
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
  Fd listener_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("an answer in pieces is read whole") {
  FakeSocket fake([](int fd) {
    (void)::send(fd, "first ", 6, MSG_NOSIGNAL);
    std::this_thread::sleep_for(20ms);
    (void)::send(fd, "second", 6, MSG_NOSIGNAL);
  });
  const auto answer = RuntimeApi(fake.path()).ask("show info");
  REQUIRE(answer);
  CHECK(*answer == "first second");
}

TEST_CASE("a socket that takes the question and says nothing is unreachable, within a second") {
  FakeSocket fake([](int) { std::this_thread::sleep_for(700ms); });
  const auto start = std::chrono::steady_clock::now();
  const auto answer = RuntimeApi(fake.path()).ask("show info");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::unreachable);
  CHECK(std::chrono::steady_clock::now() - start < 1s);
}

TEST_CASE("an answer without end is cut off") {
  FakeSocket fake([](int fd) {
    const std::string much(1U << 20, 'x');
    while (::send(fd, much.data(), much.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  const auto answer = RuntimeApi(fake.path()).ask("show info");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::invalid);
}

TEST_CASE("a socket that is not there, or has too long a name, is an error with its path") {
  const auto missing = RuntimeApi("/no/such/socket").ask("show info");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Code::unreachable);
  CHECK(missing.error().message.find("/no/such/socket") != std::string::npos);
  CHECK(RuntimeApi("/" + std::string(200, 'x')).ask("show info").error().code == Code::invalid);
}
