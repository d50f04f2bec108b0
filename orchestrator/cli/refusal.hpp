#pragma once

#include <string>

#include "orchestrator/cli/cli.hpp"

namespace moult {

/// Keeps a row in the audit log of a command that was refused before it began a run ("run.refused", with no run's id:
/// `moult audit show` without one prints it). A log that cannot be written is said on standard error and changes
/// nothing.
void record_refusal(Cli& cli, const std::string& command, const std::string& what, const Error& error);

}  // namespace moult
