#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult::virt {

/// A Linux host answers for all of its addresses on every interface, so a clone could reach the host, and by it the
/// world, even over a bridge without an address. With strict reverse path filtering on an interface that has none, the
/// kernel drops every packet for itself. Sets this, and no IPv6, for a bridge of this machine; needs root. Error: io.
[[nodiscard]] Result<> harden_bridge(const std::string& bridge);

}  // namespace moult::virt
