#include "tests/sim/sim_run.hpp"

#include <stdexcept>

#include "orchestrator/prober.hpp"
#include "orchestrator/store/faulty_store.hpp"

namespace moult::test {
namespace {

constexpr const char* kRun = "r1";

Component component(const char* name, const char* machine, const char* to, const char* from) {
  Component made;
  made.name = name;
  made.machine = machine;
  made.level.to = to;
  made.level.from = from;
  made.detect.command = {"detect", name};
  made.update.command = {"update", name};
  return made;
}

/// Writes of the journal and the audit log as calls on the world.
class WorldWrites final : public WriteCalls {
 public:
  explicit WorldWrites(sim::World& world) : world_(world) {}
  Result<> write(std::string_view, const Effect& effect) override {
    return world_.call(sim::CallId::journal, nullptr, [&effect] { return effect(); });
  }
  Result<> before_commit() override { return world_.part(); }

 private:
  sim::World& world_;
};

}  // namespace

SimOptions two_machines(std::uint64_t seed) {
  SimOptions options;
  options.seed = seed;
  options.appliance.id = options.maintenance.appliance = "org.example.notes";
  options.appliance.hosts["here"] = "sim:///one";
  options.appliance.machines = {{"web", "here", "notes-web", {}}, {"app", "here", "notes-app", {}}};
  options.appliance.entry.kind = EntryKind::haproxy;
  options.appliance.entry.frontend = "notes";
  options.maintenance.release = "2.0.0";
  auto api = component("api", "app", "2.0.0", ">=1.0.0");
  api.data.push_back({"notes",
                      DataKind::files,
                      "/var/lib/notes",
                      {},
                      {},
                      {{"*", ConflictRule::keep_original, {}}},
                      {"migrate"},
                      {"downgrade"},
                      {}});
  api.hooks.stop = {"stop", "api"};
  api.hooks.start = {"start", "api"};
  auto ui = component("ui", "web", "2.0.0", ">=1.0.0");
  ui.after = {"api"};
  ui.after_at = {Location{}};
  options.maintenance.components = {api, ui, component("tools", "app", "1.2.0", ""),
                                    component("help", "web", "1.1.0", ">=1.0.0")};
  options.levels["tools"] = "1.2.0";
  return options;
}

SimRun::SimRun(SimOptions options, RunOptions run_options, std::string spool)
    : options_(std::move(options)), run_options_(run_options), spool_(std::move(spool)) {
  auto made = make_sim_platform(options_);
  if (!made) throw std::runtime_error(made.error().describe());
  platform_ = std::move(*made);
}

void SimRun::journal_in_world() { store_ = make_faulty_store(*disk_, std::make_unique<WorldWrites>(world())); }

RunContext::Work SimRun::work() {
  return {kRun, "tester", spool_, options_.appliance, options_.maintenance, plan_, run_options_};
}

Result<RunEnd> SimRun::go() {
  plan_ =
      make_plan(options_.appliance, options_.maintenance, look(options_.appliance, options_.maintenance, *platform_));
  if (!plan_.blockers.empty()) return Unexpected(plan_.blockers.front());
  RunRecord record;
  record.id = kRun;
  record.appliance = plan_.appliance;
  record.state = std::string(name_of(RunState::planned));
  record.plan_json = plan_to_json(plan_);
  record.created_utc = record.updated_utc = "2026-01-01T00:00:00.000Z";
  MOULT_TRY(store().journal().create_run(record, {record.created_utc, "tester"}));
  RunContext context({*platform_, store(), observer_, *interrupt_}, work());
  return Conductor(context, RunState::planned).go();
}

Result<RunEnd> SimRun::again(Result<RunEnd> (Conductor::*action)()) {
  world().revive();
  RunContext context({*platform_, store(), observer_, *interrupt_}, work());
  Conductor conductor(context, state());
  return (conductor.*action)();
}

RunState SimRun::state() { return *run_state_of(store().journal().run(kRun)->state); }

std::string SimRun::violations() {
  world().check_notes();
  std::string text;
  for (const auto& violation : world().violations()) text += violation.invariant + ": " + violation.text + "\n";
  return text;
}

}  // namespace moult::test
