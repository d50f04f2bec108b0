#pragma once

#include "orchestrator/cutover/direction.hpp"
#include "orchestrator/run_context.hpp"

namespace moult {

/// A journal's values, beside the states. `going_back`: a rollback was begun ("all" or "one-way"), or given up ("no").
/// `switched_back`: the way back's switch is done, only its clean-up is left. `finishing`: the way back is being given
/// up, so it cannot be gone any more ("begun"), and the clone is known to serve ("yes"). `checked`: the check through
/// the entry after the switch was good, or there is none ("yes"). `carried_back`: a cutover that was given up behind
/// its switch began to carry to the original what the clone had been given (when), so a way back must be taken up.
inline constexpr const char* kGoingBack = "going_back";
inline constexpr const char* kSwitchedBack = "switched_back";
inline constexpr const char* kFinishing = "finishing";
inline constexpr const char* kChecked = "checked";
inline constexpr const char* kCarriedBack = "carried_back";

/// One of a run's values; empty when it was never put.
[[nodiscard]] Result<std::string> journal_value(RunContext& run, const char* key);

/// True when the next side's machines may have been reached and may be still: the switch was begun and not taken back,
/// and some machine that served is off the network, where none stays when a cutover is given up.
[[nodiscard]] Result<bool> may_have_switched(RunContext& run, const Direction& way);

/// Makes the original, or the clone, the side that serves, whatever a process that died left behind: first the other
/// side leaves production (or is powered off, where it does not), then this one enters it; what it froze is thawed, and
/// clients are let go. Idempotent. For where it is known that the other side holds nothing that this one lacks.
[[nodiscard]] Result<> serve_with_original(RunContext& run);
[[nodiscard]] Result<> serve_with_clone(RunContext& run);

/// A clone that is off starts: it does not start with its host, and neither do the run's networks. Idempotent.
[[nodiscard]] Result<> wake_clone(RunContext& run, const MachinePair& pair);

/// In a finish, of whose machines some may be the clone's alone already: a clone that ended meanwhile, and was started
/// by hand, is where its own description has it until it is consolidated. Each one that is not in production goes
/// there.
[[nodiscard]] Result<> bring_clones_in(RunContext& run);

/// While the clone serves, a sealed original must not come back with its host: its autostart is off, and what it was is
/// in the journal. Idempotent.
[[nodiscard]] Result<> keep_originals_down(RunContext& run);
/// What it was goes to the side that is kept. Idempotent.
enum class Kept { original, clone };
[[nodiscard]] Result<> restore_autostart(RunContext& run, const MachinePair& pair, Kept side);

/// Ends a hold, should there be one. An entry that is away is no error: its holds end by themselves.
[[nodiscard]] Result<> let_clients_go(RunContext& run);

}  // namespace moult
