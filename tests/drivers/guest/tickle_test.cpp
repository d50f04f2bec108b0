#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <tuple>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/local_access.hpp"
#include "drivers/guest/tcp_connections.hpp"

using namespace moult;

namespace {

/// Two families of one test: where the service is, and how its socket is made.
struct Family {
  std::string service, client;
  sockaddr_storage address{};
  socklen_t size = 0;
};

Family family_of(bool six) {
  Family family{six ? "2001:db8::9" : "192.0.2.9", six ? "2001:db8::1" : "192.0.2.1"};
  auto* four_address = reinterpret_cast<sockaddr_in*>(&family.address);
  auto* six_address = reinterpret_cast<sockaddr_in6*>(&family.address);
  if (six) {
    *six_address = {AF_INET6, htons(8080), 0, {}, 0};
    ::inet_pton(AF_INET6, family.service.c_str(), &six_address->sin6_addr);
  } else {
    *four_address = {AF_INET, htons(8080), {}, {}};
    ::inet_pton(AF_INET, family.service.c_str(), &four_address->sin_addr);
  }
  family.size = six ? sizeof *six_address : sizeof *four_address;
  return family;
}

void ip(const std::string& lines) {
  guest::LocalAccess access;
  Command command;
  command.argv = {"ip", "-batch", "-"};
  command.input = lines;
  const auto outcome = access.run(command);
  REQUIRE(outcome);
  INFO(outcome->err);
  REQUIRE(outcome->good());
}

Fd here() { return Fd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)); }

/// Three networks, of which this thread is in one at a time: the client's, and one of each side, to which the link from
/// the client leads in turn.
struct Networks {
  Networks() : before(here()) {
    for (Fd* one : {&original, &clone, &client}) {
      REQUIRE(::unshare(CLONE_NEWNET) == 0);
      *one = here();
    }
  }
  ~Networks() { enter(before); }
  static void enter(const Fd& network) { ::setns(network.get(), CLONE_NEWNET); }
  /// The link from the client's network to `side` under the service's addresses; what was there before is gone.
  void connect(const Fd& side) const {
    const auto to = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(side.get());
    enter(client);
    ip("link add to type veth peer name service address 02:00:00:00:00:09 netns " + to +
       "\naddr add 192.0.2.1/24 dev to\naddr add 2001:db8::1/64 dev to nodad\nlink set to up\n");
    enter(side);
    ip("addr add 192.0.2.9/24 dev service\naddr add 2001:db8::9/64 dev service nodad\nlink set service up\n");
  }
  void cut() const {
    enter(client);
    ip("link del to\n");
  }
  Fd before, original, clone, client;
};

int wait_for(const Fd& socket, short events, int ms) {
  pollfd polled{socket.get(), events, 0};
  return ::poll(&polled, 1, ms);
}

/// A client of `family` whose request the original took: its socket, and the service's.
std::pair<Fd, Fd> ask_original(const Networks& networks, const Family& family) {
  Networks::enter(networks.original);
  const Fd listener(::socket(family.address.ss_family, SOCK_STREAM, 0));
  const auto* address = reinterpret_cast<const sockaddr*>(&family.address);
  REQUIRE(::bind(listener.get(), address, family.size) == 0);
  REQUIRE(::listen(listener.get(), 8) == 0);
  Networks::enter(networks.client);
  Fd client(::socket(family.address.ss_family, SOCK_STREAM, 0));
  REQUIRE(::connect(client.get(), address, family.size) == 0);
  REQUIRE(::send(client.get(), "GET", 3, 0) == 3);
  Fd service(::accept(listener.get(), nullptr, nullptr));
  REQUIRE(wait_for(service, POLLIN, 5'000) == 1);
  return {std::move(client), std::move(service)};
}

/// The original has a client's request and has not answered; this thread is in its network.
struct Asked {
  explicit Asked(const Family& of) : family(of) {
    networks.connect(networks.original);
    std::tie(client, service) = ask_original(networks, family);
    Networks::enter(networks.original);
    const auto found = guest::tcp_connections();
    REQUIRE(found);
    connections = *found;
  }
  Family family;
  Networks networks;
  Fd client, service;
  TcpConnections connections;
};

int error_of(const Fd& socket) {
  std::array<char, 8> answer{};
  return ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT) < 0 ? errno : 0;
}

}  // namespace

TEST_CASE("a client whose request went to the machine that left hears of it from the one that came, at once") {
  const Asked asked(family_of(GENERATE(false, true)));
  REQUIRE(asked.connections.size() == 1);
  CHECK(asked.connections.front().local == asked.family.service);
  CHECK(asked.connections.front().peer == asked.family.client);
  CHECK(asked.connections.front().local_port == 8080);

  asked.networks.cut();
  asked.networks.connect(asked.networks.clone);
  CHECK(wait_for(asked.client, POLLIN, 300) == 0);  // nothing tells it
  REQUIRE(guest::tickle(asked.connections));
  REQUIRE(wait_for(asked.client, POLLIN, 5'000) == 1);
  CHECK(error_of(asked.client) == ECONNRESET);
}

TEST_CASE("a connection that this machine has is not disturbed by a tickle") {
  const Asked asked(family_of(GENERATE(false, true)));
  REQUIRE(guest::tickle(asked.connections));
  CHECK(wait_for(asked.client, POLLIN, 300) == 0);
  REQUIRE(::send(asked.service.get(), "OK", 2, 0) == 2);
  REQUIRE(wait_for(asked.client, POLLIN, 5'000) == 1);
  CHECK(error_of(asked.client) == 0);
}

TEST_CASE("what has no such address is passed over, and what is none is refused") {
  CHECK(guest::tickle({{"192.0.2.77", "192.0.2.1", 8080, 40000}}));
  const auto refused = guest::tickle({{"nowhere", "192.0.2.1", 8080, 40000}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::invalid);
}

TEST_CASE("the kernel's tables are read: peers elsewhere, in states that await an answer") {
  const auto found = guest::connections_in(
      "  sl  local_address rem_address   st tx_queue\n"
      "   0: 0900 00000000:0000 01 nonsense\n"
      "   1: 00000000:1F90 00000000:0000 0A 00000000:00000000\n"
      "   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000\n"
      "   3: 090200C0:1F90 010200C0:9C40 08 00000000:00000000\n"
      "   4: 090200C0:1F90 010200C0:9C41 06 00000000:00000000\n"
      "   5: 0000000000000000FFFF0000090200C0:1F90 0000000000000000FFFF0000010200C0:9C42 01 00000000\n"
      "   6: 090200C0:1F90 010200C0:9C43 04 00000001:00000000\n"
      "   7: 090200C0:1F90 010200C0:9C44 05 00000000:00000000\n");
  CHECK(found == TcpConnections{{"192.0.2.9", "192.0.2.1", 8080, 40000},
                                {"192.0.2.9", "192.0.2.1", 8080, 40002},
                                {"192.0.2.9", "192.0.2.1", 8080, 40003}});
}
