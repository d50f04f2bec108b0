#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/requests.hpp"
#include "orchestrator/store/audit_log.hpp"

namespace moult {

/// Does a process work on a run of this appliance?
[[nodiscard]] Result<bool> is_held(const Cli& cli, const std::string& appliance);

/// Asks the process that works on a run, which waits in `ready`, and waits until it has done so. Errors: the cause,
/// when the cutover asked for is given up; failed, when that process is gone.
Result<> ask_holder(Cli& cli, const std::string& run, const std::string& appliance, Request request);

/// The cause for which a cutover of the run was given up, or the whole run failed, in a row after `since`; good when
/// there is none.
[[nodiscard]] Result<> refuse_given_up(AuditLog& log, const std::string& run, std::int64_t since);

/// Is what was asked for done? An abort when the run is aborted, a cutover when the clone serves and was checked.
/// Error: the cause for which it never will be.
[[nodiscard]] Result<bool> has_taken_effect(Store& store, const std::string& run, Request request, std::int64_t since);

}  // namespace moult
