#include "drivers/guest/local/neighbour_packets.hpp"

#include <algorithm>
#include <cstring>

namespace moult::guest {

std::array<std::uint8_t, 60> gratuitous_arp(const Mac& mac, in_addr address, bool reply) {
  std::array<std::uint8_t, 60> frame{};
  std::fill_n(frame.begin(), 6, std::uint8_t{0xff});
  std::copy(mac.begin(), mac.end(), frame.begin() + 6);
  // EtherType ARP, Ethernet, IPv4, lengths 6 and 4, then the operation.
  constexpr std::uint8_t head[] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0};
  std::copy(std::begin(head), std::end(head), frame.begin() + 12);
  frame[21] = reply ? 2 : 1;
  std::copy(mac.begin(), mac.end(), frame.begin() + 22);
  std::memcpy(&frame[28], &address, 4);
  if (reply) std::fill_n(frame.begin() + 32, 6, std::uint8_t{0xff});
  std::memcpy(&frame[38], &address, 4);
  return frame;
}

std::array<std::uint8_t, 32> unsolicited_advertisement(const Mac& mac, const in6_addr& address) {
  std::array<std::uint8_t, 32> packet{};
  packet[0] = 136;   // neighbour advertisement
  packet[4] = 0x20;  // override what is cached
  std::memcpy(&packet[8], &address, 16);
  packet[24] = 2;  // option: target's link-layer address
  packet[25] = 1;  // in units of 8 bytes
  std::copy(mac.begin(), mac.end(), packet.begin() + 26);
  return packet;
}

}  // namespace moult::guest
