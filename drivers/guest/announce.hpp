#pragma once

#include "descriptors/base/result.hpp"

namespace moult::guest {

/// Sends, on every Ethernet interface that is up, a gratuitous ARP for each of its IPv4 addresses and an unsolicited
/// neighbour advertisement for each of its IPv6 addresses, so that switches and neighbours learn where the MAC is now.
/// Needs root. Errors: io when an address could not be announced; the others still were.
[[nodiscard]] Result<> announce_addresses();

}  // namespace moult::guest
