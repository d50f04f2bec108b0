#include "orchestrator/cli/cli.hpp"

#include <pwd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "descriptors/base/text.hpp"
#include "descriptors/load.hpp"
#include "orchestrator/cli/help.hpp"
#include "orchestrator/failpoint.hpp"
#include "orchestrator/store/state_dir.hpp"

namespace moult {
namespace {

void print_error(const Error& error) {
  std::fprintf(stderr, "moult: error: %s\n", error.describe().c_str());
  if (!error.remedy.empty()) std::fprintf(stderr, "moult: remedy: %s\n", error.remedy.c_str());
}

void add_globals(CLI::App& app, Cli& cli) {
  app.add_option("--state", cli.options.state_dir, "Directory of the journal and the audit log")->type_name("DIR");
  app.add_option("--driver", cli.options.driver, "The world to act on: libvirt, or sim to try descriptors without one")
      ->type_name("WORLD")
      ->check(CLI::IsMember({"libvirt", "sim"}));
  app.add_option("--sim-world", cli.options.sim_world, "sim: file that keeps the simulated world between commands")
      ->type_name("FILE");
  app.add_flag("-q,--quiet", cli.options.quiet, "No progress on standard error");
}

/// A word where a command should stand is named, with the command that was probably meant.
bool say_unknown_command(const CLI::App& app) {
  const auto* last = &app;
  std::string given = "moult";
  for (; !last->get_subcommands().empty(); given += " " + last->get_name()) last = last->get_subcommands().front();
  std::vector<std::string> names;
  for (const auto* command : last->get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  const auto rest = app.remaining(true);
  if (names.empty() || rest.empty() || rest.front().starts_with('-')) return false;
  const auto meant = nearest(rest.front(), names);
  const auto see = "See `" + given + " --help`.";
  print_error(Error{Code::usage, "there is no command " + in_quotes(rest.front()),
                    meant.empty() ? see : "Did you mean `" + given + " " + meant + "`? " + see});
  return true;
}

/// An exception that came this far is a defect: it ends as one, with a code and not with an abort.
Result<> run_chosen(const Cli& cli) {
  MOULT_TRY(check_failpoint());
  try {
    return cli.chosen();
  } catch (const std::exception& error) {
    return fail(Code::internal, std::string("unexpected: ") + error.what(), "Please report this as a defect of moult.");
  }
}

}  // namespace

int run_cli(int argc, char** argv, Cli& cli) {
  CLI::App app{"moult upgrades a running virtual appliance through its clone, with no downtime.", "moult"};
  app.set_version_flag("--version", std::string("moult ") + MOULT_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  add_globals(app, cli);
  for (auto* add : {add_validate, add_probe, add_plan, add_upgrade, add_apply, add_runs, add_status, add_run_commands,
                    add_resume, add_audit, add_vendor})
    add(app, cli);
  add_help(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    if (!say_unknown_command(app)) app.exit(error);
    return exit_code_of(Code::usage);
  }
  const auto done = run_chosen(cli);
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
