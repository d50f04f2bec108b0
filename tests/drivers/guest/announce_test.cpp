#include "drivers/guest/announce.hpp"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <set>
#include <string>
#include <thread>

#include "catch.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/local_access.hpp"

using namespace moult;

namespace {

bool ip(std::vector<std::string> words) {
  guest::LocalAccess access;
  Command command;
  command.argv = std::move(words);
  command.argv.insert(command.argv.begin(), "ip");
  const auto outcome = access.run(command);
  return outcome && outcome->good();
}

Fd listen_on(const char* interface) {
  Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(ETH_P_ALL);
  at.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) != 0) fd.reset();
  return fd;
}

/// "arp 1", "arp 2", "na": what arrives within a second, of what announces.
std::set<std::string> heard(const Fd& fd) {
  std::set<std::string> kinds;
  std::array<std::uint8_t, 2048> frame{};
  pollfd polled{fd.get(), POLLIN, 0};
  while (::poll(&polled, 1, 1000) > 0) {
    const auto size = ::recv(fd.get(), frame.data(), frame.size(), 0);
    if (size >= 42 && frame[12] == 0x08 && frame[13] == 0x06 && frame[31] == 9)
      kinds.insert("arp " + std::to_string(frame[21]));
    // An advertisement for 2001:db8::9 whose hop limit routers respect.
    if (size >= 78 && frame[12] == 0x86 && frame[13] == 0xdd && frame[21] == 255 && frame[54] == 136 && frame[77] == 9)
      kinds.insert("na");
    if (kinds.size() == 3) break;
  }
  return kinds;
}

/// In a network of the calling thread's own.
std::string announce_between_two_ends() {
  if (::unshare(CLONE_NEWNET) != 0) return "cannot make a network namespace: root is needed";
  if (!ip({"link", "add", "here", "type", "veth", "peer", "name", "there"})) return "cannot make a veth pair";
  for (const char* name : {"here", "there"})
    if (!ip({"link", "set", name, "up"})) return "cannot set a link up";
  if (!ip({"addr", "add", "192.0.2.9/24", "dev", "here"})) return "cannot set an address";
  if (!ip({"addr", "add", "2001:db8::9/64", "dev", "here", "nodad"})) return "cannot set an IPv6 address";
  const auto fd = listen_on("there");
  if (!fd) return "cannot listen";
  if (const auto announced = guest::announce_addresses(); !announced) return announced.error().describe();
  std::string all;
  for (const auto& kind : heard(fd)) all += kind + ";";
  return all;
}

}  // namespace

TEST_CASE("each address is announced to the neighbours, IPv4 in both ways and IPv6") {
  std::string result;
  std::thread([&] { result = announce_between_two_ends(); }).join();
  CHECK(result == "arp 1;arp 2;na;");
}

TEST_CASE("a machine without a network has nothing to announce") {
  std::string result = "not run";
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) return;
    const auto announced = guest::announce_addresses();
    result = announced ? "" : announced.error().describe();
  }).join();
  CHECK(result.empty());
}
