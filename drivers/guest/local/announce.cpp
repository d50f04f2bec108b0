#include "drivers/guest/announce.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "drivers/fd.hpp"
#include "drivers/guest/local/neighbour_packets.hpp"
#include "drivers/guest/local/system_error.hpp"

namespace moult::guest {
namespace {

struct Interface {
  int index = 0;
  Mac mac{};
};

using Interfaces = std::map<std::string, Interface>;
using Addresses = std::unique_ptr<ifaddrs, void (*)(ifaddrs*)>;

bool takes_part(const ifaddrs& entry) {
  constexpr unsigned needed = IFF_UP | IFF_RUNNING, excluded = IFF_LOOPBACK | IFF_NOARP | IFF_POINTOPOINT;
  return entry.ifa_addr != nullptr && (entry.ifa_flags & needed) == needed && (entry.ifa_flags & excluded) == 0;
}

Interfaces ethernet_interfaces(const ifaddrs* all) {
  Interfaces found;
  for (const auto* entry = all; entry != nullptr; entry = entry->ifa_next) {
    if (!takes_part(*entry) || entry->ifa_addr->sa_family != AF_PACKET) continue;
    sockaddr_ll link{};
    std::memcpy(&link, entry->ifa_addr, sizeof link);
    if (link.sll_halen != ETH_ALEN) continue;
    auto& interface = found[entry->ifa_name];
    interface.index = link.sll_ifindex;
    std::copy_n(link.sll_addr, interface.mac.size(), interface.mac.begin());
  }
  return found;
}

/// Stays open: the kernel lets a packet socket go only after a pause for all its readers (packet_release calls
/// synchronize_net), which would be most of what an announcement takes. It is bound to no protocol and hears nothing.
int packet_socket() {
  static std::mutex mutex;
  static Fd fd;
  const std::lock_guard lock(mutex);
  if (!fd) fd = Fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  return fd.get();
}

Result<> announce4(const Interface& interface, const std::string& name, in_addr address) {
  const int fd = packet_socket();
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = interface.index;
  to.sll_halen = ETH_ALEN;
  std::memset(to.sll_addr, 0xff, ETH_ALEN);
  // As a request and as a reply: some neighbours heed only the one, some only the other.
  for (const bool reply : {false, true}) {
    const auto frame = gratuitous_arp(interface.mac, address, reply);
    if (fd < 0 || ::sendto(fd, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) < 0)
      return system_failure("announce an address on", name, errno);
  }
  return {};
}

Result<> announce6(const Interface& interface, const std::string& name, const in6_addr& address) {
  const Fd fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6));
  const int hops = 255;
  sockaddr_in6 from{}, to{};
  from.sin6_family = to.sin6_family = AF_INET6;
  from.sin6_addr = address;
  from.sin6_scope_id = to.sin6_scope_id = static_cast<std::uint32_t>(interface.index);
  ::inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
  const auto packet = unsolicited_advertisement(interface.mac, address);
  const bool sent =
      fd && ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) == 0 &&
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface.index, sizeof interface.index) == 0 &&
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) == 0 &&
      ::sendto(fd.get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) >= 0;
  // An address that is still being checked for a duplicate cannot be bound yet: the kernel announces it itself.
  if (sent || errno == EADDRNOTAVAIL) return {};
  return system_failure("announce an address on", name, errno);
}

Result<> announce_entry(const ifaddrs& entry, const Interface& interface) {
  if (entry.ifa_addr->sa_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, entry.ifa_addr, sizeof address);
    return announce4(interface, entry.ifa_name, address.sin_addr);
  }
  if (entry.ifa_addr->sa_family == AF_INET6) {
    sockaddr_in6 address{};
    std::memcpy(&address, entry.ifa_addr, sizeof address);
    return announce6(interface, entry.ifa_name, address.sin6_addr);
  }
  return {};
}

}  // namespace

Result<> announce_addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return system_failure("list", "the network interfaces", errno);
  const Addresses addresses(list, ::freeifaddrs);
  const auto interfaces = ethernet_interfaces(list);
  Result<> first;
  for (const auto* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (!takes_part(*entry)) continue;
    const auto interface = interfaces.find(entry->ifa_name);
    if (interface == interfaces.end()) continue;
    auto announced = announce_entry(*entry, interface->second);
    if (!announced && first) first = std::move(announced);
  }
  return first;
}

}  // namespace moult::guest
