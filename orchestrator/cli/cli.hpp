#pragma once

#include <functional>
#include <memory>
#include <string>

#include "descriptors/appliance.hpp"
#include "descriptors/base/result.hpp"
#include "descriptors/maintenance.hpp"
#include "drivers/platform.hpp"
#include "orchestrator/interrupt.hpp"

namespace CLI {
class App;
}

namespace moult {

/// What every command may be told.
struct GlobalOptions {
  std::string state_dir;           ///< empty: state_dir_default()
  std::string driver = "libvirt";  ///< or "sim"
  std::string sim_world;           ///< file in which the simulated world lives between two commands
  bool quiet = false;
};

/// Makes the world that a command acts on. `maintenance` may be null when a command has none.
using PlatformMaker = std::function<Result<std::unique_ptr<Platform>>(
    const GlobalOptions& options, const ApplianceDescriptor& appliance, const MaintenanceDescriptor* maintenance)>;

/// What the commands share; lives as long as the program.
struct Cli {
  GlobalOptions options;
  PlatformMaker make_platform;
  Interrupt interrupt;               ///< set by SIGINT and SIGTERM
  std::function<Result<>()> chosen;  ///< set by the command that was named
  bool run_began = false;            ///< the command made a run, whose own audit rows say how it ended
};

/// Parses, runs the command, prints an error with its remedy on stderr; returns the exit code (docs/exit-codes.md).
int run_cli(int argc, char** argv, Cli& cli);

/// One function a command: declares it and what it does when it is chosen.
void add_validate(CLI::App& app, Cli& cli);
void add_probe(CLI::App& app, Cli& cli);
void add_plan(CLI::App& app, Cli& cli);
void add_upgrade(CLI::App& app, Cli& cli);
void add_apply(CLI::App& app, Cli& cli);
void add_runs(CLI::App& app, Cli& cli);
void add_status(CLI::App& app, Cli& cli);
void add_run_commands(CLI::App& app, Cli& cli);  ///< cutover, abort, confirm, rollback, finish
void add_resume(CLI::App& app, Cli& cli);
void add_audit(CLI::App& app, Cli& cli);
void add_vendor(CLI::App& app, Cli& cli);

/// Loads both descriptors; every finding of both files in one Error.
struct DescriptorPair {
  ApplianceDescriptor appliance;
  MaintenanceDescriptor maintenance;
};
[[nodiscard]] Result<DescriptorPair> load_pair(const std::string& appliance, const std::string& maintenance);

[[nodiscard]] std::string state_dir_of(const Cli& cli);
/// The person on whose behalf this process runs: SUDO_USER, else the user's name.
[[nodiscard]] std::string actor_name();

}  // namespace moult
