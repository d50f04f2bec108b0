#pragma once

#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/network_port.hpp"

namespace moult::virt {

/// A live NIC's description with another source, for virDomainUpdateDeviceFlags.
struct NicMove {
  std::string mac, xml;
};

/// Moves of all NICs that are not yet on this bridge.
[[nodiscard]] Result<std::vector<NicMove>> moves_to_bridge(const std::string& live_xml, const std::string& bridge);
/// Moves of all NICs that are not yet where the original's persistent description has the NIC with their MAC. Error:
/// not_found, for a MAC that it does not have.
[[nodiscard]] Result<std::vector<NicMove>> moves_to_production(const std::string& live_xml,
                                                               const std::string& original_persistent_xml);

/// Which side a description's NICs are on, given the run's two bridges.
[[nodiscard]] Result<Side> side_of(const std::string& xml, const std::string& isolated_bridge,
                                   const std::string& sealed_bridge);

}  // namespace moult::virt
