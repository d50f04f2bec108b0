#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "orchestrator/run_context.hpp"

namespace moult {

/// Originals whose disks a run slows, so that what clients write can be carried (RunOptions::throttle). What a
/// machine's limits were is in the journal before they are changed, so that every later process can put them back: the
/// run itself before it holds clients, an abort, a resume.

/// The next limit of a machine's disks, bytes a second each. `from` is the present one, or what its busiest disk is
/// written with where there is none yet; `load` is Pace::load() of its set that is outpaced most. It is at most half of
/// `from`, and small enough that rounds would get shorter by half each; never below `floor`. Nothing: that leaves
/// nothing to slow. Pure.
[[nodiscard]] std::optional<std::uint64_t> next_limit(double from, double load, std::uint64_t floor);

/// Limits by machine, bytes a second for each disk.
using Throttles = std::map<std::string, std::uint64_t>;
/// Those that stand in the journal; another process may have left them.
[[nodiscard]] Result<Throttles> throttles_of(Journal& journal, const std::string& run);

/// Slows an original's disks to this; an audit row `data.throttled`. On an error the limit may be there, and stands in
/// the journal.
[[nodiscard]] Result<> throttle(RunContext& run, const MachinePair& pair, std::uint64_t bytes_per_second);
/// Puts back what its limits were before the run, should it be slowed; an audit row `data.unthrottled`. Idempotent.
[[nodiscard]] Result<> lift_throttle(RunContext& run, const MachinePair& pair);
/// The same of all machines; answers which were slowed to what.
[[nodiscard]] Result<Throttles> lift_throttles(RunContext& run);
/// Slows them again. For what had to be done at full speed in between.
[[nodiscard]] Result<> throttle_again(RunContext& run, const Throttles& limits);

/// With RunOptions::throttle: the disks of each original with a data set can be limited, as was tried with a limit that
/// slows nothing and is off again. Error: refused.
[[nodiscard]] Result<> check_throttle(RunContext& run);

}  // namespace moult
