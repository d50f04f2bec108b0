#pragma once

#include <cstdint>
#include <string>

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/requests.hpp"
#include "orchestrator/store/audit_log.hpp"

namespace moult {

/// Does a process work on a run of this appliance?
[[nodiscard]] Result<bool> is_held(const Cli& cli, const std::string& appliance);

/// Asks the process that works on a run, which waits in `ready` or for a confirmation, and waits until it has done so.
/// Errors: the cause, when what was asked for is given up; failed, when that process is gone. Then the request is taken
/// back.
Result<> ask_holder(Cli& cli, const std::string& run, const std::string& appliance, Request request);

/// The cause for which a cutover or a rollback of the run was given up, or the whole run failed, in a row after
/// `since`; good when there is none.
[[nodiscard]] Result<> refuse_given_up(AuditLog& log, const std::string& run, std::int64_t since,
                                       Request request = Request::cutover);

/// Is what was asked for done? A cutover when the clone serves and was checked, a confirmation when it is in the
/// journal or the run is finished, everything else when the run is in the state that it leads to. Error: the cause for
/// which it never will be.
[[nodiscard]] Result<bool> has_taken_effect(Store& store, const std::string& run, Request request, std::int64_t since);

}  // namespace moult
