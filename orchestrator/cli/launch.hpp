#pragma once

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/conductor.hpp"

namespace moult {

/// Nothing when a run of the appliance may begin. Errors: busy, naming who works on it; refused, naming its run that
/// has not ended. Asked before planning, so that it is the first thing that a person hears; `launch` asks again.
[[nodiscard]] Result<> refuse_taken(const Cli& cli, const std::string& appliance);

/// Creates a run for an approved plan and takes it through its states; prints the report on standard output.
/// Errors: busy (another moult works on the appliance), and the run's own.
[[nodiscard]] Result<> launch(Cli& cli, Platform& platform, DescriptorPair pair, Plan plan, const RunOptions& options,
                              const std::string& report_format);

/// Continues a stored run with one of the conductor's actions, under the appliance's lock. Errors: not_found, busy, and
/// the action's own.
using ConductorAction = Result<RunEnd> (Conductor::*)();
[[nodiscard]] Result<> continue_run(Cli& cli, const std::string& run, const std::string& word, ConductorAction action);

}  // namespace moult
