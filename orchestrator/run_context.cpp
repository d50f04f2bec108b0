#include "orchestrator/run_context.hpp"

#include <algorithm>
#include <set>

#include "orchestrator/strategies.hpp"

namespace moult {

RunContext::RunContext(World world_in, Work work_in)
    : world(world_in),
      work(std::move(work_in)),
      ledger(world.store, world.platform.clock(), world.observer, work.id, work.actor),
      sessions(world.platform.guests(), work.id, work.options.boot) {
  for (const auto& machine : work.plan.machines)
    machines_.push_back({machine.ref, world.platform.cloner().clone_of(work.id, machine.ref)});
  build_strategies();
  sessions.before_end([this](const MachineRef& machine) { let_go(machine); });
}

/// Of a machine, an original or a clone, whose session ends: one thread at a time does that to either.
void RunContext::let_go(const MachineRef& machine) {
  for (std::size_t i = 0; i < forward.size(); ++i) {
    const auto& pair = this->machine(work.plan.data[i].machine);
    for (const auto* one : {&pair.original, &pair.clone}) {
      if (one->uri != machine.uri || one->domain != machine.domain) continue;
      forward[i]->let_go();
      back[i]->let_go();
    }
  }
}

void RunContext::build_strategies() {
  for (const auto& planned : work.plan.data) {
    const auto& pair = machine(planned.machine);
    const SessionOf original = [this, ref = pair.original] { return sessions.of(ref); };
    const SessionOf clone = [this, ref = pair.clone] { return sessions.of(ref); };
    auto ways = make_strategies(
        {planned, spec_of(planned), original, clone, work.spool, work.id, pair.original, pair.clone, &world.platform},
        world.platform.clock());
    forward.push_back(std::move(ways.forward));
    back.push_back(std::move(ways.back));
  }
}

const MachinePair& RunContext::machine(const std::string& name) const {
  return *std::find_if(machines_.begin(), machines_.end(),
                       [&](const auto& pair) { return pair.original.name == name; });
}

const Component& RunContext::component(const std::string& name) const { return *work.maintenance.find_component(name); }

const DataSpec& RunContext::spec_of(const PlannedData& planned) const {
  const auto& owner = component(planned.component);
  return *std::find_if(owner.data.begin(), owner.data.end(),
                       [&](const DataSpec& data) { return owner.name + "." + data.name == planned.set; });
}

bool RunContext::is_updated(const std::string& name) const {
  return std::any_of(work.plan.components.begin(), work.plan.components.end(),
                     [&](const auto& row) { return row.name == name && row.verdict == Verdict::old; });
}

Result<> RunContext::each_machine(const std::function<Result<>(const MachinePair&)>& job) {
  std::vector<Workers::Job> jobs;
  for (const auto& pair : machines_)
    jobs.emplace_back([&job, &pair]() -> Result<> {
      auto done = job(pair);
      if (!done) return pass(std::move(done), "machine " + pair.original.name);
      return {};
    });
  return platform().workers().all(std::move(jobs));
}

Result<> RunContext::hook(const char* name, const Argv& argv, const MachineRef& machine) {
  if (argv.empty()) return {};
  MOULT_ASSIGN(GuestSession * session, sessions.of(machine));
  Command command;
  command.argv = argv;
  command.env["MOULT_HOOK"] = name;
  command.env["MOULT_RUN"] = id();
  MOULT_ASSIGN(const auto outcome, session->access().run(command));
  if (outcome.good()) return {};
  return fail(Code::failed,
              std::string("hook ") + name + " (" + argv.front() + ") on " + machine.name + " ended with " +
                  std::to_string(outcome.exit_code) + ": " + outcome.err.substr(0, 200),
              "Mend the vendor's hook.");
}

std::vector<std::string> hosts_of(const Plan& plan) {
  std::set<std::string> uris;
  for (const auto& machine : plan.machines) uris.insert(machine.ref.uri);
  return {uris.begin(), uris.end()};
}

}  // namespace moult
