#include "orchestrator/cli/launch.hpp"

#include <cstdio>

#include "orchestrator/cli/report.hpp"
#include "orchestrator/cli/run_log.hpp"
#include "orchestrator/cli/view.hpp"
#include "orchestrator/confirmation.hpp"
#include "orchestrator/interrupt_watch.hpp"
#include "orchestrator/run_folder.hpp"
#include "orchestrator/store/run_lock.hpp"

namespace moult {
namespace {

/// What a process that works on a run holds while it does.
struct Desk {
  std::unique_ptr<Store> store;
  RunLock lock;
  std::unique_ptr<Observer> view;
};

Result<Desk> take_desk(const Cli& cli, const std::string& appliance, const std::string& run, const std::string& word) {
  const auto state_dir = state_dir_of(cli);
  MOULT_ASSIGN(auto store, open_store(state_dir));
  MOULT_ASSIGN(auto lock, RunLock::acquire(state_dir, appliance, this_process(run, word)));
  return Desk{std::move(store), std::move(lock), make_view(cli.options.quiet)};
}

Result<RunEnd> act(Cli& cli, Desk& desk, Platform& platform, RunContext::Work work, RunState state,
                   const ConductorAction& action) {
  RunContext context({platform, *desk.store, *desk.view, cli.interrupt}, std::move(work));
  const InterruptWatch watch(context);
  Conductor conductor(context, state);
  return action(conductor);
}

/// The time for the confirmation runs on: whoever watches over runs takes up the wait.
void abandon_unconfirmed(Desk& desk, const std::string& run) {
  const auto record = desk.store->journal().run(run);
  const auto until = confirm_deadline(desk.store->journal(), run);
  const bool waits = record && until && record->state == name_of(RunState::confirming) && !until->empty();
  if (waits) desk.lock.abandon();
}

Result<> conduct(Cli& cli, Desk& desk, Platform& platform, RunContext::Work work, RunState state,
                 const ConductorAction& action, const std::string& report_format) {
  const auto id = work.id;
  desk.view = with_run_log(std::move(desk.view), work.spool);
  desk.view->run_began(id, work.plan.appliance, work.plan.release);
  const auto end = act(cli, desk, platform, std::move(work), state, action);
  desk.view.reset();  // the terminal is left in order before anything else is printed
  if (!end && end.error().code == Code::interrupted) abandon_unconfirmed(desk, id);
  if (!end) return Unexpected(end.error());
  if (report_format.empty()) return {};
  MOULT_ASSIGN(const auto report, report_of(*desk.store, id));
  std::fputs(report_format == "json" ? report_to_json(report).c_str() : report_to_text(report, *end).c_str(), stdout);
  return {};
}

}  // namespace

Result<> refuse_taken(const Cli& cli, const std::string& appliance) {
  MOULT_ASSIGN(const auto store, open_store(state_dir_of(cli)));
  MOULT_TRY(RunLock::check_free(state_dir_of(cli), appliance));
  return refuse_unfinished(store->journal(), appliance);
}

Result<> launch(Cli& cli, Platform& platform, DescriptorPair pair, Plan plan, const RunOptions& options,
                const std::string& report_format, const ConductorAction& action) {
  RunContext::Work work;
  work.id = new_run_id(platform.clock());
  work.actor = actor_name();
  work.spool = run_folder(state_dir_of(cli), work.id);
  work.appliance = std::move(pair.appliance);
  work.maintenance = std::move(pair.maintenance);
  work.plan = std::move(plan);
  work.options = options;
  MOULT_ASSIGN(auto desk, take_desk(cli, work.plan.appliance, work.id, "upgrade"));
  MOULT_TRY(refuse_unfinished(desk.store->journal(), work.plan.appliance));
  Ledger ledger(*desk.store, platform.clock(), *desk.view, work.id, work.actor);
  MOULT_TRY(begin_run(*desk.store, state_dir_of(cli), work, ledger.stamp()));
  cli.run_began = true;
  MOULT_TRY(ledger.record("plan.approved", approval_facts(work.plan)));
  return conduct(cli, desk, platform, std::move(work), RunState::planned, action, report_format);
}

Result<> continue_run(Cli& cli, const std::string& run, const std::string& word, const ConductorAction& action) {
  std::string appliance;
  {
    MOULT_ASSIGN(auto store, open_store(state_dir_of(cli)));
    MOULT_ASSIGN(const auto stored, stored_run(store->journal(), state_dir_of(cli), run));
    appliance = stored.work.plan.appliance;
  }
  MOULT_ASSIGN(auto desk, take_desk(cli, appliance, run, word));
  MOULT_ASSIGN(auto stored, stored_run(desk.store->journal(), state_dir_of(cli), run));  // again, now that it is ours
  stored.work.actor = actor_name();
  MOULT_ASSIGN(auto platform, cli.make_platform(cli.options, stored.work.appliance, &stored.work.maintenance));
  return conduct(cli, desk, *platform, std::move(stored.work), stored.state, action, "text");
}

}  // namespace moult
