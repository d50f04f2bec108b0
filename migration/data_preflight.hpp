#pragma once

#include <vector>

#include "descriptors/maintenance.hpp"
#include "drivers/guest_access.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// What a machine is asked about one of its data sets before anything is touched.
struct DataQuestion {
  const DataSpec& data;
  const MachineFacts& machine;
  GuestAccess& guest;                     ///< through the guest agent alone: nothing is left in the guest
  std::vector<const DataSpec*> others{};  ///< the machine's other sets
};

/// Why a set cannot be carried as things are; empty: it can. Changes nothing. An error of the call itself: the guest
/// did not answer.
[[nodiscard]] Result<std::vector<Error>> data_problems(const DataQuestion& question);

}  // namespace moult
