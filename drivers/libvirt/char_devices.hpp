#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace pugi {
class xml_node;
}

namespace moult::virt {

/// Gives serial ports, consoles and channels of a clone places that it shares with nobody and that end with it: those
/// that wrote a host file or spoke with a host service become a pseudo terminal, or for virtio ports a socket that
/// libvirt names.
void contain_char_devices(pugi::xml_node devices);

/// The run's virtio-serial port; an earlier run's, or the original's own, is taken out.
void add_helper_port(pugi::xml_node devices, const std::string& port);

/// One channel element: a socket on the host, whose place libvirt chooses, under this name in the guest.
[[nodiscard]] std::string channel_element(const std::string& port);

/// The element of a domain's virtio-serial port as it is; libvirt unplugs only what it is told in full. Empty: there is
/// none.
[[nodiscard]] Result<std::string> find_channel_element(const std::string& domain_xml, const std::string& port);

}  // namespace moult::virt
