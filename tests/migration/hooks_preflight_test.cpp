#include "migration/hooks_preflight.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "drivers/guest/local_access.hpp"

using namespace moult;

namespace {

/// A guest whose programs are those of one directory, where it is given one.
class Guest final : public GuestAccess {
 public:
  std::string programs;

  Result<Outcome> run(const Command& command) override {
    auto real = command;
    if (!programs.empty()) real.env["PATH"] = programs;
    return local_.run(real);
  }
  Result<> put(const std::string&, std::uint32_t, const ByteSource&) override { return {}; }
  Result<> get(const std::string&, const ByteSink&) override { return {}; }

 private:
  guest::LocalAccess local_;
};

/// A port of this host's own at which nothing answers yet.
class Port {
 public:
  Port() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto size = static_cast<socklen_t>(sizeof address_);
    REQUIRE(::bind(socket_, address(), size) == 0);
    REQUIRE(::getsockname(socket_, address(), &size) == 0);
  }
  ~Port() { ::close(socket_); }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  [[nodiscard]] int number() const { return ntohs(address_.sin_port); }
  void answer() const { REQUIRE(::listen(socket_, 1) == 0); }

 private:
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }
  int socket_;
  sockaddr_in address_{};
};

std::string problems(Guest& guest, int port) {
  DataSpec data;
  data.hooks.port = port;
  const auto found = replication_problems({data, MachineFacts{}, guest});
  if (!found) return found.error().describe();
  std::string text;
  for (const auto& problem : *found) text += problem.message + "\n";
  return text;
}

}  // namespace

TEST_CASE("an application that does not answer at its port is a problem, and one that does is none") {
  Guest guest;
  const Port port;
  CHECK(problems(guest, port.number()) ==
        "nothing answers at 127.0.0.1:" + std::to_string(port.number()) + " in the guest\n");
  port.answer();
  CHECK(problems(guest, port.number()).empty());
}

TEST_CASE("a guest without a bash that can be run is not told that its application does not answer") {
  char name[] = "/tmp/moult-programs-XXXXXX";
  Guest guest;
  guest.programs = ::mkdtemp(name);
  std::filesystem::create_symlink("/bin/sh", guest.programs + "/sh");
  SECTION("none") {}
  SECTION("one that may not be run") { std::ofstream(guest.programs + "/bash").close(); }
  CHECK(problems(guest, 6379) == "the guest has no bash that can be run, by which its port 6379 is looked at\n");
  std::filesystem::remove_all(guest.programs);
}
