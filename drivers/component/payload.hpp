#pragma once

#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest_access.hpp"

namespace moult {

/// Path on this host of a payload. Error: invalid, for a name that is absolute or leads out of the directory.
[[nodiscard]] Result<std::string> payload_path(const MaintenanceDescriptor& descriptor, const std::string& name);

/// Compares one payload with its size and SHA-256. Error: invalid, with expected and found.
[[nodiscard]] Result<> check_payload_file(const MaintenanceDescriptor& descriptor, const Payload& payload);

/// Checks payloads once more and puts them below `stage_dir` under their own names. Idempotent.
Result<> stage_payloads(GuestAccess& guest, const MaintenanceDescriptor& descriptor,
                        const std::vector<std::string>& names, const std::string& stage_dir);

/// Makes a staged file's directory and puts the content of an open file there, from its start.
Result<> stage_file(GuestAccess& guest, const Fd& from, const std::string& to);

/// Where a payload lies in the guest once it is staged.
[[nodiscard]] inline std::string staged(const std::string& stage_dir, const std::string& name) {
  return stage_dir + "/" + name;
}

}  // namespace moult
