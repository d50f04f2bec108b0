#pragma once

#include <vector>

#include "descriptors/maintenance.hpp"
#include "descriptors/update_order.hpp"

namespace moult {

/// Every "before -> after" that a maintenance descriptor says, by `after` and by `requires`, with its place, in the
/// order of the file. What order_updates and closure_over take.
[[nodiscard]] std::vector<OrderEdge> edges_of(const MaintenanceDescriptor& maintenance);

}  // namespace moult
