#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "orchestrator/cli/cli.hpp"
#include "orchestrator/cli/report.hpp"
#include "orchestrator/confirmation.hpp"
#include "orchestrator/rate.hpp"
#include "orchestrator/run_folder.hpp"
#include "orchestrator/store/run_lock.hpp"
#include "orchestrator/text_table.hpp"
#include "orchestrator/throttle.hpp"

namespace moult {
namespace {

struct RunsArguments {
  std::string run, format = "table";
};

std::string holder_text(const std::string& state_dir, const std::string& appliance, const std::string& run) {
  if (const auto holder = lock_holder(state_dir, appliance); holder && *holder) return (*holder)->describe();
  const auto dead = dead_holders(state_dir);
  const bool died =
      dead && std::any_of(dead->begin(), dead->end(), [&run](const Holder& holder) { return holder.run == run; });
  return died ? "nobody: its process is gone (moult resume " + run + ")" : "-";
}

Result<> list_runs(Cli& cli, const RunsArguments& arguments) {
  MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
  MOULT_ASSIGN(const auto runs, store->journal().runs());
  if (arguments.format == "json") {
    auto rows = nlohmann::json::array();
    for (const auto& run : runs)
      rows.push_back({{"run", run.id},
                      {"appliance", run.appliance},
                      {"release", run.release},
                      {"state", run.state},
                      {"operator", run.operator_name},
                      {"created", run.created_utc},
                      {"updated", run.updated_utc}});
    std::printf("%s\n", rows.dump(2).c_str());
    return {};
  }
  TextTable table({"RUN", "APPLIANCE", "RELEASE", "STATE", "OPERATOR", "CREATED", "HELD BY"});
  for (const auto& run : runs) {
    const auto state = run_state_of(run.state);
    const bool over = state && is_over(*state);
    table.add({run.id, run.appliance, run.release, run.state, run.operator_name, run.created_utc,
               over ? "-" : holder_text(state_dir_of(cli), run.appliance, run.id)});
  }
  std::fputs(table.text().c_str(), stdout);
  return {};
}

Result<> show_status(Cli& cli, const RunsArguments& arguments) {
  MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
  MOULT_ASSIGN(const auto stored, stored_run(store->journal(), state_dir_of(cli), arguments.run));
  MOULT_ASSIGN(const auto report, report_of(*store, arguments.run));
  if (arguments.format == "json") {
    std::fputs(report_to_json(report).c_str(), stdout);
    return {};
  }
  std::fputs(report_to_text(report).c_str(), stdout);
  MOULT_ASSIGN(const auto until, confirm_deadline(store->journal(), arguments.run));
  if (stored.state == RunState::confirming && !until.empty())
    std::printf("  not confirmed: the moult that holds it rolls it back at %s, but for `moult confirm %s`\n",
                until.c_str(), arguments.run.c_str());
  MOULT_ASSIGN(const auto slowed, throttles_of(store->journal(), arguments.run));
  for (const auto& [machine, rate] : slowed)
    std::printf("  slowed: the disks of %s, to %s each\n", machine.c_str(),
                rate_text(static_cast<double>(rate)).c_str());
  if (!is_over(stored.state))
    std::printf("  held by: %s\n", holder_text(state_dir_of(cli), stored.work.plan.appliance, arguments.run).c_str());
  return {};
}

}  // namespace

void add_runs(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("runs", "List runs, their states and who works on them");
  auto arguments = std::make_shared<RunsArguments>();
  command->add_option("-o,--output", arguments->format, "table or json")
      ->type_name("FORM")
      ->check(CLI::IsMember({"table", "json"}));
  command->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return list_runs(cli, *arguments); }; });
}

void add_status(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("status", "What a run did, where it is, and what may be done next");
  auto arguments = std::make_shared<RunsArguments>();
  command->add_option("RUN", arguments->run, "The run's id")->type_name("ID")->required();
  command->add_option("-o,--output", arguments->format, "table or json")
      ->type_name("FORM")
      ->check(CLI::IsMember({"table", "json"}));
  command->callback([&cli, arguments] { cli.chosen = [&cli, arguments] { return show_status(cli, *arguments); }; });
}

}  // namespace moult
