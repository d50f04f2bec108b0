#pragma once

#include "orchestrator/run_context.hpp"

namespace moult {

/// The captures on the originals as they are: where a helper was lost (killed, or its guest rebooted) another one is
/// begun, which knows nothing of what changed before it, so that the next round of its sets compares both sides whole.
/// That is said, and stands in the audit log (`capture.begun_anew`). True: at least one began anew, or its session did,
/// and what failed for it may be tried again. Takes a guest's boot at most. Error: no helper is to be had, or a set
/// cannot be captured any more.
[[nodiscard]] Result<bool> renew_captures(RunContext& run);

/// For a run all of whose sets outlive a helper (DataStrategy::outlives_helper), where a connection to one broke: true
/// when every clone's answers, another one where need be, which is said and stands in the audit log
/// (`helper.begun_anew`). Takes a guest's boot at most, of a guest whose agent answers.
[[nodiscard]] Result<bool> renew_ways(RunContext& run);

/// `keep_capture`, and what it found out is said. True: it had been lost.
[[nodiscard]] Result<bool> keep_capture(RunContext& run, DataStrategy& set);

}  // namespace moult
