#include "drivers/guest/local/neighbour_packets.hpp"

#include <arpa/inet.h>

#include "catch.hpp"

using namespace moult::guest;

namespace {
const Mac kMac{0x52, 0x54, 0, 1, 2, 3};
}

TEST_CASE("a gratuitous ARP is broadcast and says one address of sender and target") {
  in_addr address{};
  ::inet_pton(AF_INET, "192.0.2.7", &address);
  for (const bool reply : {false, true}) {
    const auto frame = gratuitous_arp(kMac, address, reply);
    for (int i = 0; i < 6; ++i) CHECK(frame[i] == 0xff);
    CHECK(std::equal(kMac.begin(), kMac.end(), frame.begin() + 6));
    CHECK(frame[12] == 0x08);
    CHECK(frame[13] == 0x06);
    CHECK(frame[21] == (reply ? 2 : 1));
    CHECK(std::equal(kMac.begin(), kMac.end(), frame.begin() + 22));
    CHECK(std::equal(frame.begin() + 28, frame.begin() + 32, frame.begin() + 38));
    CHECK(frame[31] == 7);
  }
}

TEST_CASE("an unsolicited advertisement overrides, and carries the MAC as its option") {
  in6_addr address{};
  ::inet_pton(AF_INET6, "2001:db8::7", &address);
  const auto packet = unsolicited_advertisement(kMac, address);
  CHECK(packet[0] == 136);
  CHECK(packet[4] == 0x20);
  CHECK(packet[8] == 0x20);
  CHECK(packet[23] == 7);
  CHECK(packet[24] == 2);
  CHECK(packet[25] == 1);
  CHECK(std::equal(kMac.begin(), kMac.end(), packet.begin() + 26));
}
