#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult::virt {

/// The persistent description of an original that must not serve: each NIC on this bridge, of which a host that was
/// rebooted has none, so that the machine does not even start there. Where the NICs were is kept in its metadata
/// (`<moult:production xmlns:moult="urn:moult:seal:1">`). One that is sealed already stays as it is.
[[nodiscard]] Result<std::string> sealed_description(const std::string& persistent_xml, const std::string& bridge);
/// The description as it was before; one that is not sealed stays as it is.
[[nodiscard]] Result<std::string> unsealed_description(const std::string& persistent_xml);

}  // namespace moult::virt
