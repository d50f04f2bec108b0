#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <optional>

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/cli/launch.hpp"
#include "orchestrator/cli/output.hpp"
#include "orchestrator/cli/planning.hpp"
#include "orchestrator/cli/refusal.hpp"
#include "orchestrator/cli/times.hpp"
#include "orchestrator/rate.hpp"

namespace moult {
namespace {

struct UpgradeArguments {
  std::string appliance, maintenance, plan_file;
  std::string cutover = "auto", max_stall, boot, confirm_within, format = "text";
  std::optional<std::string> throttle;
  bool yes = false;
  RunOptions options;
};

void add_options(CLI::App& command, UpgradeArguments& arguments) {
  command
      .add_option("--cutover", arguments.cutover,
                  "auto: as soon as the gates hold; manual: on `moult cutover RUN`; or a time")
      ->type_name("auto|manual|TIME");
  command.add_option("--max-stall", arguments.max_stall, "Longest that clients may wait; default 2s")
      ->type_name("DURATION");
  command.add_option("--boot-timeout", arguments.boot, "Longest that a clone may take to boot; default 5m")
      ->type_name("DURATION");
  command
      .add_option("--confirm-within", arguments.confirm_within,
                  "Stay after the cutover, and go back by itself unless `moult confirm RUN` comes within this time")
      ->type_name("DURATION");
  command
      .add_option_function<std::string>(
          "--throttle", [&arguments](const std::string& rate) { arguments.throttle = rate; },
          "Where clients write faster than it can be carried, slow the original's disks step by step until it can; "
          "RATE is what each disk may always be written with")
      ->expected(0, 1)  // a missing one is told of by read_throttle
      ->type_name("RATE");
  command.add_flag("--accept-one-way", arguments.options.accept_one_way,
                   "Cut over although a rollback would lose what is written to a data set after it");
  command.add_flag("--rehearse", arguments.options.rehearse,
                   "Stop before the cutover, report the stall it would have had, undo");
  command.add_flag("--finish", arguments.options.finish,
                   "Give the way back up as soon as the check after the switch is good, or it is confirmed");
  command.add_option("-o,--output", arguments.format, "The report: text or json")
      ->type_name("FORM")
      ->check(CLI::IsMember({"text", "json"}));
}

Result<> read_throttle(UpgradeArguments& arguments) {
  if (!arguments.throttle) return {};
  if (arguments.throttle->empty())
    return fail(Code::usage, "--throttle: the RATE is missing that each disk may always be written with",
                "Write for example --throttle 2MiB/s.");
  auto rate = rate_of(*arguments.throttle);
  if (!rate) return pass(std::move(rate), "--throttle");
  arguments.options.throttle = *rate;
  return {};
}

Result<> read_options(UpgradeArguments& arguments) {
  if (!arguments.max_stall.empty()) {
    MOULT_ASSIGN(arguments.options.max_stall, duration_of(arguments.max_stall));
  }
  if (!arguments.boot.empty()) {
    MOULT_ASSIGN(arguments.options.boot, duration_of(arguments.boot));
  }
  if (!arguments.confirm_within.empty()) {
    MOULT_ASSIGN(arguments.options.confirm_within, duration_of(arguments.confirm_within));
    if (*arguments.options.confirm_within <= Millis{0})
      return fail(Code::usage, "--confirm-within 0 leaves no time to confirm", "Write for example 30m.");
  }
  MOULT_TRY(read_throttle(arguments));
  if (arguments.cutover == "auto") return {};
  if (arguments.cutover == "manual") {
    arguments.options.cutover = CutoverMode::manual;
    return {};
  }
  arguments.options.cutover = CutoverMode::at_time;
  MOULT_ASSIGN(arguments.options.at, moment_of(arguments.cutover, std::chrono::system_clock::now()));
  return {};
}

Result<> ask(const Plan& plan) {
  if (isatty(STDIN_FILENO) == 0)
    return fail(Code::usage, "nobody is there to be asked",
                "Add --yes, or review with `moult plan --out` and run `moult apply`.");
  std::fprintf(stderr, "Upgrade %s to %s? [y/N] ", plan.appliance.c_str(), plan.release.c_str());
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(Code::interrupted, "not upgraded", "Nothing was changed.");
}

Result<> start(Cli& cli, Platform& platform, DescriptorPair pair, Plan plan, UpgradeArguments& arguments) {
  MOULT_TRY(refuse_blocked(plan));
  if (plan.nothing_to_do()) {
    std::fprintf(stderr, "moult: every component of %s is at its target level; nothing to do\n",
                 plan.appliance.c_str());
    return {};
  }
  return launch(cli, platform, std::move(pair), std::move(plan), arguments.options, arguments.format);
}

Result<> upgrade_command(Cli& cli, UpgradeArguments& arguments) {
  MOULT_TRY(read_options(arguments));
  MOULT_ASSIGN(auto pair, load_pair(arguments.appliance, arguments.maintenance));
  MOULT_TRY(refuse_taken(cli, pair.appliance.id));
  MOULT_ASSIGN(auto platform, cli.make_platform(cli.options, pair.appliance, &pair.maintenance));
  MOULT_ASSIGN(auto plan, plan_now(*platform, pair));
  MOULT_TRY(cli.interrupt.check());  // what it broke is no reason against the run
  if (!cli.options.quiet) std::fputs(plan_to_table(plan).c_str(), stderr);
  MOULT_TRY(refuse_one_way(plan, arguments.options));
  if (!arguments.yes && plan.blockers.empty() && !plan.nothing_to_do()) MOULT_TRY(ask(plan));
  return start(cli, *platform, std::move(pair), std::move(plan), arguments);
}

Result<> apply_command(Cli& cli, UpgradeArguments& arguments) {
  MOULT_TRY(read_options(arguments));
  MOULT_ASSIGN(const auto text, read_file(arguments.plan_file));
  auto approved = plan_from_json(text);
  if (!approved) return pass(std::move(approved), arguments.plan_file);
  MOULT_ASSIGN(auto pair, load_pair(approved->appliance_file, approved->maintenance_file));
  MOULT_TRY(refuse_taken(cli, pair.appliance.id));
  MOULT_ASSIGN(auto platform, cli.make_platform(cli.options, pair.appliance, &pair.maintenance));
  MOULT_ASSIGN(auto present, plan_now(*platform, pair));
  MOULT_TRY(cli.interrupt.check());
  const auto differences = plan_differences(*approved, present);
  if (!differences.empty()) {
    std::string message = "the world is no longer what " + arguments.plan_file + " was approved for:";
    for (const auto& line : differences) message += "\n  " + line;
    return fail(Code::moved, message, "Plan again, and have the new plan approved.");
  }
  MOULT_TRY(refuse_one_way(present, arguments.options));
  return start(cli, *platform, std::move(pair), std::move(present), arguments);
}

/// A refusal leaves a row as well as a failed run does; a wrong command line is nobody's business but the caller's.
Result<> recorded(Cli& cli, const char* command, const std::string& what, Result<> done) {
  if (!done && !cli.run_began && done.error().code != Code::usage) record_refusal(cli, command, what, done.error());
  return done;
}

}  // namespace

void add_upgrade(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("upgrade", "Plan, ask, and apply in one");
  auto arguments = std::make_shared<UpgradeArguments>();
  command->add_option("APPLIANCE", arguments->appliance, "Appliance descriptor")->type_name("PATH")->required();
  command->add_option("MAINTENANCE", arguments->maintenance, "Maintenance descriptor")->type_name("PATH")->required();
  command->add_flag("-y,--yes", arguments->yes, "Do not ask");
  add_options(*command, *arguments);
  command->callback([&cli, arguments] {
    cli.chosen = [&cli, arguments] {
      return recorded(cli, "upgrade", arguments->maintenance, upgrade_command(cli, *arguments));
    };
  });
}

void add_apply(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("apply", "Run exactly the plan in FILE; refused where the world has moved since");
  auto arguments = std::make_shared<UpgradeArguments>();
  command->add_option("FILE", arguments->plan_file, "A plan written by `moult plan --out FILE`")
      ->type_name("PATH")
      ->required();
  add_options(*command, *arguments);
  command->callback([&cli, arguments] {
    cli.chosen = [&cli, arguments] {
      return recorded(cli, "apply", arguments->plan_file, apply_command(cli, *arguments));
    };
  });
}

}  // namespace moult
