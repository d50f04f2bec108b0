#include "drivers/libvirt/bridge_hardening.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

namespace moult::virt {
namespace {

bool write_setting(const std::string& path, std::string_view value) {
  std::ofstream setting(path);
  setting << value << std::flush;
  return setting.good();
}

}  // namespace

Result<> harden_bridge(const std::string& bridge) {
  const std::string four = "/proc/sys/net/ipv4/conf/" + bridge + "/";
  for (const auto& [name, value] :
       {std::pair{"rp_filter", "1"}, std::pair{"arp_ignore", "8"}, std::pair{"forwarding", "0"}})
    if (!write_setting(four + name, value))
      return fail(Code::io, "cannot set " + four + name + ": " + std::strerror(errno),
                  "run as root, so that the bridge can be cut off from the host");
  // Absent where the host has no IPv6 at all.
  write_setting("/proc/sys/net/ipv6/conf/" + bridge + "/disable_ipv6", "1");
  return {};
}

}  // namespace moult::virt
