#include "orchestrator/cli/cli.hpp"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "descriptors/load.hpp"
#include "orchestrator/store/state_dir.hpp"

namespace moult {
namespace {

constexpr const char* kFooter = R"(
A first upgrade:
  moult validate appliance.yaml maintenance.yaml
  moult plan appliance.yaml maintenance.yaml          what would happen; changes nothing
  moult upgrade appliance.yaml maintenance.yaml --rehearse
  moult upgrade appliance.yaml maintenance.yaml
  moult finish RUN      (or: moult rollback RUN)

Data goes to standard output, everything else to standard error. Exit codes: 0 done, 2 usage, 3 a file is
not what it must be, 5 refused, 6 the world moved, 7 unreachable, 10 another moult holds it, 130 stopped on
request; all of them: docs/exit-codes.md.)";

void print_error(const Error& error) {
  std::fprintf(stderr, "moult: error: %s\n", error.describe().c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "moult: remedy: %s\n", error.remedy.c_str());
}

void add_globals(CLI::App& app, Cli& cli) {
  app.add_option("--state", cli.options.state_dir, "Directory of the journal and the audit log")->type_name("DIR");
  app.add_option("--driver", cli.options.driver, "The world to act on: libvirt, or sim to try descriptors without one")
      ->check(CLI::IsMember({"libvirt", "sim"}));
  app.add_option("--sim-world", cli.options.sim_world, "sim: file that keeps the simulated world between commands")
      ->type_name("FILE");
  app.add_flag("-q,--quiet", cli.options.quiet, "No progress on standard error");
}

}  // namespace

int run_cli(int argc, char** argv, Cli& cli) {
  CLI::App app{"moult upgrades a running virtual appliance through its clone, with no downtime.", "moult"};
  app.set_version_flag("--version", std::string("moult ") + MOULT_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(kFooter);
  add_globals(app, cli);
  for (auto* add :
       {add_validate, add_probe, add_plan, add_upgrade, add_apply, add_runs, add_status, add_run_commands, add_audit})
    add(app, cli);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return exit_code_of(Code::usage);
  }
  const auto done = cli.chosen();
  if (done) return 0;
  print_error(done.error());
  return exit_code_of(done.error().code);
}

Result<DescriptorPair> load_pair(const std::string& appliance, const std::string& maintenance) {
  auto first = load_appliance(appliance);
  auto second = load_maintenance(maintenance);
  auto findings = first.findings;
  findings.insert(findings.end(), second.findings.begin(), second.findings.end());
  if (findings.empty()) findings = check_together(first.value, second.value);
  if (!findings.empty()) return Unexpected(as_error(findings));
  return DescriptorPair{std::move(first.value), std::move(second.value)};
}

std::string state_dir_of(const Cli& cli) {
  return cli.options.state_dir.empty() ? state_dir_default() : cli.options.state_dir;
}

std::string actor_name() {
  if (const char* sudo = std::getenv("SUDO_USER"); sudo != nullptr && *sudo != '\0') return sudo;
  const auto* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

}  // namespace moult
