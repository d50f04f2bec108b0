#include <CLI/CLI.hpp>

#include "orchestrator/cli/ask_holder.hpp"
#include "orchestrator/cli/cli.hpp"
#include "orchestrator/cli/launch.hpp"
#include "orchestrator/confirmation.hpp"
#include "orchestrator/run_folder.hpp"

namespace moult {
namespace {

Result<StoredRun> find_run(const Cli& cli, const std::string& run) {
  MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
  return stored_run(store->journal(), state_dir_of(cli), run);
}

Result<> cutover_command(Cli& cli, const std::string& run) {
  MOULT_ASSIGN(const auto stored, find_run(cli, run));
  MOULT_ASSIGN(const bool held, is_held(cli, stored.work.plan.appliance));
  if (stored.state != RunState::ready || !held)
    return fail(Code::refused,
                "run " + run + " is " + std::string(name_of(stored.state)) + (held ? "" : ", and no moult works on it"),
                "A cutover takes place in `ready`, by the moult that started the run with --cutover manual.");
  return ask_holder(cli, run, stored.work.plan.appliance, Request::cutover);
}

Result<> abort_command(Cli& cli, const std::string& run) {
  MOULT_ASSIGN(const auto stored, find_run(cli, run));
  MOULT_ASSIGN(const bool held, is_held(cli, stored.work.plan.appliance));
  if (held && stored.state != RunState::confirming && !is_over(stored.state))
    return ask_holder(cli, run, stored.work.plan.appliance, Request::abort);
  return continue_run(cli, run, "abort", &Conductor::abort);
}

/// Does a moult wait for the confirmation of this run?
Result<bool> is_awaited(const Cli& cli, const std::string& run, const std::string& appliance) {
  MOULT_ASSIGN(const bool held, is_held(cli, appliance));
  MOULT_ASSIGN(auto store, open_store_read_only(state_dir_of(cli)));
  MOULT_ASSIGN(const auto until, confirm_deadline(store->journal(), run));
  return held && !until.empty();
}

/// Asks the moult that waits for the confirmation; else does it here.
Result<> end_confirming(Cli& cli, const std::string& run, Request request, const char* word,
                        const ConductorAction& action) {
  MOULT_ASSIGN(const auto stored, find_run(cli, run));
  const auto& appliance = stored.work.plan.appliance;
  MOULT_ASSIGN(const bool awaited, is_awaited(cli, run, appliance));
  if (awaited && stored.state == RunState::confirming) return ask_holder(cli, run, appliance, request);
  return continue_run(cli, run, word, action);
}

void add_action(CLI::App& app, Cli& cli, const char* name, const char* about,
                std::function<Result<>(const std::string&)> act) {
  auto* command = app.add_subcommand(name, about);
  auto run = std::make_shared<std::string>();
  command->add_option("RUN", *run, "The run's id, as `moult runs` lists it")->type_name("ID")->required();
  command->callback([&cli, run, act = std::move(act)] { cli.chosen = [run, act] { return act(*run); }; });
}

void add_rollback(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("rollback", "After the cutover: back to the original, with every write");
  auto run = std::make_shared<std::string>();
  auto one_way = std::make_shared<bool>(false);
  command->add_option("RUN", *run, "The run's id, as `moult runs` lists it")->type_name("ID")->required();
  command->add_flag("--accept-one-way", *one_way,
                    "Go back although a data set has no way back: what was written to it since the cutover is lost");
  command->callback([&cli, run, one_way] {
    cli.chosen = [&cli, run, one_way] {
      if (!*one_way) return end_confirming(cli, *run, Request::rollback, "rollback", &Conductor::roll_back);
      return end_confirming(cli, *run, Request::rollback_one_way, "rollback", &Conductor::roll_back_one_way);
    };
  });
}

}  // namespace

void add_run_commands(CLI::App& app, Cli& cli) {
  add_action(app, cli, "cutover", "Let a run that waits in `ready` cut over now",
             [&cli](const std::string& run) { return cutover_command(cli, run); });
  add_action(app, cli, "abort", "Undo a run before its cutover; the original serves as before",
             [&cli](const std::string& run) { return abort_command(cli, run); });
  add_action(app, cli, "confirm", "After the cutover: keep the clone; nothing rolls back by itself any more",
             [&cli](const std::string& run) {
               return end_confirming(cli, run, Request::confirm, "confirm", &Conductor::confirm);
             });
  add_rollback(app, cli);
  add_action(app, cli, "finish", "Give the way back up: discard the original, put the clone's disks in its form",
             [&cli](const std::string& run) {
               return end_confirming(cli, run, Request::finish, "finish", &Conductor::finish);
             });
}

}  // namespace moult
