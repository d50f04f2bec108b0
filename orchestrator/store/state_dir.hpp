#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult {

/// /var/lib/moult for root; $XDG_STATE_HOME/moult, else ~/.local/state/moult for everybody else.
[[nodiscard]] std::string state_dir_default();

/// Makes a directory with mode 0700, and its parents with the umask's; an existing one is left as it is.
/// io, no_space; refused when something else is in the place.
[[nodiscard]] Result<> make_private_directory(const std::string& path);

}  // namespace moult
