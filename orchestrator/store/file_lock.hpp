#pragma once

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"

namespace moult {

/// Open file description locks: unlike flock() they can be looked at without being taken, and unlike process locks
/// they hold between two owners within one process too.

/// True when it is taken now; false when another holds it.
[[nodiscard]] Result<bool> try_lock(const Fd& file, const std::string& path);
/// Whether another holds it.
[[nodiscard]] Result<bool> is_locked(const Fd& file, const std::string& path);
/// Opens (0600) and locks a file, waiting up to ten seconds; busy after that.
[[nodiscard]] Result<Fd> lock_file(const std::string& path);

}  // namespace moult
