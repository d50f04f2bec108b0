#pragma once

#include <netinet/in.h>

#include <array>
#include <cstdint>

namespace moult::guest {

using Mac = std::array<std::uint8_t, 6>;

/// A whole Ethernet frame, broadcast: "ADDRESS is at MAC", asked for by nobody. RFC 5227.
[[nodiscard]] std::array<std::uint8_t, 60> gratuitous_arp(const Mac& mac, in_addr address, bool reply);
/// An ICMPv6 message without its checksum, which the kernel fills in. RFC 4861, section 4.4, override flag set.
[[nodiscard]] std::array<std::uint8_t, 32> unsolicited_advertisement(const Mac& mac, const in6_addr& address);

}  // namespace moult::guest
