#pragma once

#include <memory>
#include <string>

#include "drivers/platform.hpp"

namespace moult {

/// The real world: libvirt, the guest helper, this machine's clock and threads. `helper`: path of the helper program.
[[nodiscard]] std::unique_ptr<Platform> make_libvirt_platform(const std::string& helper);

/// Where the helper program lies: $MOULT_HELPER, else beside this program as installed, else as built.
/// Error: not_found, with the places that were tried.
[[nodiscard]] Result<std::string> find_helper();

}  // namespace moult
