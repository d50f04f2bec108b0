#pragma once

#include <functional>

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/conductor.hpp"

namespace moult {

/// Nothing when a run of the appliance may begin. Errors: busy, naming who works on it; refused, naming its run that
/// has not ended. Asked before planning, so that it is the first thing that a person hears; `launch` asks again.
[[nodiscard]] Result<> refuse_taken(const Cli& cli, const std::string& appliance);

/// One of the conductor's actions.
using ConductorAction = std::function<Result<RunEnd>(Conductor&)>;

/// Creates a run for an approved plan and takes it through its states, or through what `action` does instead; prints
/// the report on standard output (none where the format is empty). Errors: busy (another moult works on the appliance),
/// and the run's own.
[[nodiscard]] Result<> launch(Cli& cli, Platform& platform, DescriptorPair pair, Plan plan, const RunOptions& options,
                              const std::string& report_format, const ConductorAction& action = &Conductor::go);

/// Continues a stored run with one of the conductor's actions, under the appliance's lock. Errors: not_found, busy, and
/// the action's own.
[[nodiscard]] Result<> continue_run(Cli& cli, const std::string& run, const std::string& word,
                                    const ConductorAction& action);

}  // namespace moult
