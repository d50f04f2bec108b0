#pragma once

#include <optional>
#include <string>

#include "drivers/fd.hpp"

namespace moult::guest {

/// The device of the virtio port with this name, as udev or, without it, sysfs tells.
[[nodiscard]] std::optional<std::string> find_port(const std::string& name);
/// Opens the port. Empty when there is none (yet).
[[nodiscard]] Fd open_port(const std::string& name);
/// Is the open port still plugged in?
[[nodiscard]] bool plugged_in(int fd, const std::string& name);

}  // namespace moult::guest
