#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "descriptors/maintenance.hpp"

namespace moult::bench {

/// (before, after) as numbers: every component but the first two waits for two earlier ones, picked by a fixed seed.
using NumberEdges = std::vector<std::pair<std::size_t, std::size_t>>;
[[nodiscard]] NumberEdges edges_of(std::size_t components);

/// A maintenance of that many components in this order, each old where 1.0.0 is found, on four machines m0 to m3.
[[nodiscard]] MaintenanceDescriptor maintenance_of(std::size_t components);
[[nodiscard]] std::string name_of(std::size_t component);
[[nodiscard]] std::string machine_of(std::size_t component);

}  // namespace moult::bench
