#include "catch.hpp"
#include "orchestrator/requests.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using moult::test::SimRun;
using moult::test::two_machines;

TEST_CASE("an upgrade ends in confirming, with every acknowledged write on the clone", "[conductor]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimRun run(two_machines(seed));
    const auto end = run.go();
    INFO("seed " << seed << (end ? "" : ": " + end.error().describe()));
    REQUIRE(end);
    CHECK(end->state == RunState::confirming);
    CHECK(end->stall_ms > 0);
    run.serve_for(5);
    CHECK(run.violations() == "");
    CHECK(run.world().accounts().writes_acknowledged > 0);
  }
}

TEST_CASE("rollback brings the original back with what clients wrote to the clone", "[conductor]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimRun run(two_machines(seed));
    const auto before = run.world().inventory(false);
    REQUIRE(run.go());
    run.serve_for(10);
    const auto end = run.again(&Conductor::roll_back);
    INFO("seed " << seed << (end ? "" : ": " + end.error().describe()));
    REQUIRE(end);
    CHECK(run.state() == RunState::rolled_back);
    CHECK(run.world().inventory(false) == before);
    run.serve_for(5);
    CHECK(run.violations() == "");
  }
}

TEST_CASE("finish leaves one appliance, and nothing of the run", "[conductor]") {
  SimRun run(two_machines(3));
  REQUIRE(run.go());
  const auto end = run.again(&Conductor::finish);
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  run.serve_for(5);
  CHECK(run.violations() == "");
  CHECK(run.again(&Conductor::roll_back).error().code == Code::refused);
  CHECK(run.again(&Conductor::abort).error().code == Code::refused);
}

TEST_CASE("a rehearsal reports a stall and leaves the world as it was", "[conductor]") {
  RunOptions options;
  options.rehearse = true;
  SimRun run(two_machines(4), options);
  const auto before = run.world().inventory(false);
  const auto end = run.go();
  REQUIRE(end);
  CHECK(end->forecast.has_value());
  CHECK(run.state() == RunState::aborted);
  CHECK(run.world().inventory(false) == before);
  CHECK(run.violations() == "");
}

TEST_CASE("an interrupt before the run begins leaves the world as it was", "[conductor]") {
  SimRun run(two_machines(5));
  const auto before = run.world().inventory(false);
  run.interrupt().ask();
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::interrupted);
  CHECK(run.state() == RunState::aborted);
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("an interrupt in any state before the commit undoes the run", "[conductor]") {
  const auto state =
      GENERATE(RunState::cloning, RunState::upgrading, RunState::converging, RunState::ready, RunState::cutting_over);
  const bool rehearse = GENERATE(false, true);
  if (rehearse && state == RunState::cutting_over) return;  // a rehearsal never gets there
  CAPTURE(name_of(state), rehearse);
  RunOptions options;
  options.rehearse = rehearse;
  SimRun run(two_machines(5), options);
  const auto before = run.world().inventory(false);
  run.on_state([&](RunState entered) {
    if (entered == state) run.interrupt().ask();
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::interrupted);
  CHECK(run.state() == RunState::aborted);
  CHECK(run.world().inventory(false) == before);
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("an interrupt after the commit undoes nothing, and one during a rollback leaves the clone serving",
          "[conductor]") {
  SimRun run(two_machines(5));
  const auto before = run.world().inventory(false);
  run.on_state([&](RunState entered) {
    if (entered == RunState::confirming) run.interrupt().ask();
  });
  const auto end = run.go();
  REQUIRE(end);
  CHECK(end->state == RunState::confirming);
  const auto back = run.again(&Conductor::roll_back);  // still asked for
  REQUIRE_FALSE(back);
  CHECK(back.error().code == Code::interrupted);
  CHECK(run.state() == RunState::confirming);
  run.serve_for(5);
  run.forget_interrupt();
  const auto again = run.again(&Conductor::roll_back);
  INFO((again ? "" : again.error().describe()));
  REQUIRE(again);
  CHECK(run.world().inventory(false) == before);
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("a rehearsal that fails at its end is undone as well", "[conductor]") {
  RunOptions options;
  options.rehearse = true;
  SimRun run(two_machines(5), options);
  const auto before = run.world().inventory(false);
  run.on_state([&](RunState entered) {
    if (entered == RunState::ready) run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::refuse, "pending"));
  });
  REQUIRE_FALSE(run.go());
  CHECK(run.state() == RunState::aborted);
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("an original that is switched off during the run is left without anything of the run", "[conductor]") {
  SimRun run(two_machines(5));
  const MachineRef app{"app", "sim:///one", "notes-app"};
  const auto chain = run.platform().lifecycle().inspect(app)->disks.front().chain;
  run.on_state([&](RunState entered) {
    if (entered == RunState::upgrading) REQUIRE(run.platform().lifecycle().stop(app, Millis{0}));
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::unreachable);
  CHECK(run.state() == RunState::aborted);
  CHECK(run.platform().lifecycle().inspect(app)->disks.front().chain == chain);
}

TEST_CASE("a clone that is off is named in the error", "[conductor]") {
  SimRun run(two_machines(5));
  const auto clone = run.platform().cloner().clone_of("r1", {"app", "sim:///one", "notes-app"});
  run.on_state([&](RunState entered) {
    if (entered == RunState::upgrading) REQUIRE(run.platform().lifecycle().stop(clone, Millis{0}));
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::unreachable);
  CHECK(end.error().message.find("the clone " + clone.domain + " is off") != std::string::npos);
}

TEST_CASE("a run that cannot be undone says how it is undone, not how it is begun again", "[conductor]") {
  SimRun run(two_machines(5));
  const auto before = run.world().inventory(false);
  run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::refuse, "restore_chain", 0));
  run.on_state([&](RunState entered) {
    if (entered == RunState::upgrading) run.interrupt().ask();
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().message.find("undoing it was not complete") != std::string::npos);
  CHECK(end.error().remedy.find("moult abort r1") != std::string::npos);
  run.world().faults().set({});
  REQUIRE(run.again(&Conductor::abort));
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("an abort that is asked for after a cutover was given up is the run's cause", "[conductor]") {
  auto options = two_machines(12);
  options.faults.with(sim::FaultKind::refuse, "drain", 0);
  SimRun run(options);
  int times_ready = 0;
  run.on_state([&](RunState entered) {
    if (entered == RunState::ready && ++times_ready == 2)
      REQUIRE(put_request(run.store().journal(), "r1", Request::abort));
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::interrupted);
  CHECK(run.state() == RunState::aborted);
}

TEST_CASE("a switch that was taken back is not made whole by whoever finds the next attempt dead", "[conductor]") {
  auto options = two_machines(3);
  options.faults.with(sim::FaultKind::lose_answer, "move", 7);  // the switch's first: it may have happened
  SimRun run(options);
  int attempts = 0;
  run.on_state([&](RunState entered) {
    if (entered != RunState::cutting_over || ++attempts < 2) return;
    sim::FaultPlan death;
    death.with(sim::FaultKind::kill_before, "emit");
    death.on_kill = [] { throw 0; };
    run.world().faults().set(death);
  });
  const auto before = run.world().inventory(false);
  REQUIRE_THROWS(run.go());
  REQUIRE(attempts == 2);
  run.serve_for(10);  // clients write to the original
  const auto end = run.again(&Conductor::abort);
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  CHECK(run.world().inventory(false) == before);
  CHECK(run.violations() == "");
}

namespace {

struct Killed {};

/// The orchestrator dies when it makes this call for the first time.
SimOptions killed_at(const char* call, std::uint64_t seed) {
  auto options = two_machines(seed);
  options.faults.with(sim::FaultKind::kill_before, call);
  options.faults.on_kill = [] { throw Killed{}; };
  return options;
}

}  // namespace

TEST_CASE("after a death behind the switch an abort is refused, and the rollback keeps what clients wrote",
          "[conductor]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SimRun run(killed_at("release", seed));
    const auto before = run.world().inventory(false);
    REQUIRE_THROWS_AS(run.go(), Killed);
    CHECK(run.state() == RunState::cutting_over);
    run.serve_for(10);  // the hold ends by itself, and clients write to the clone
    const auto aborted = run.again(&Conductor::abort);
    REQUIRE_FALSE(aborted);
    CHECK(aborted.error().code == Code::refused);
    CHECK(aborted.error().remedy.find("moult rollback r1") != std::string::npos);
    CHECK(run.state() == RunState::confirming);
    const auto back = run.again(&Conductor::roll_back);
    INFO("seed " << seed << (back ? "" : ": " + back.error().describe()));
    REQUIRE(back);
    CHECK(run.world().inventory(false) == before);
    run.serve_for(5);
    CHECK(run.violations() == "");
  }
}

TEST_CASE("after a death in the cutover before the switch an abort undoes the run", "[conductor]") {
  for (const char* call : {"drain", "freeze", "digest"}) {
    SimRun run(killed_at(call, 3));
    const auto before = run.world().inventory(false);
    CAPTURE(call);
    REQUIRE_THROWS_AS(run.go(), Killed);
    run.serve_for(10);
    REQUIRE(run.again(&Conductor::abort));
    CHECK(run.world().inventory(false) == before);
    CHECK(run.violations() == "");
  }
}

TEST_CASE("a stop hook that fails after the switch leaves the clone serving and the way back usable", "[conductor]") {
  auto options = two_machines(13);
  options.maintenance.components.front().hooks.stop = {"dpkg-query", "-W", "no-such-package"};
  SimRun run(options);
  const auto before = run.world().inventory(false);
  const auto end = run.go();
  REQUIRE(end);
  CHECK(end->state == RunState::confirming);
  run.serve_for(5);
  REQUIRE(run.again(&Conductor::roll_back));
  CHECK(run.world().inventory(false) == before);
  CHECK(run.violations() == "");
}

TEST_CASE("a rollback whose clean-up fails is completed by another, and never finished", "[conductor]") {
  SimRun run(two_machines(14));
  const auto before = run.world().inventory(false);
  REQUIRE(run.go());
  run.serve_for(5);
  run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::refuse, "restore_chain", 0));
  const auto failed = run.again(&Conductor::roll_back);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().remedy.find("moult rollback r1") != std::string::npos);
  CHECK(run.state() == RunState::confirming);
  CHECK(run.again(&Conductor::finish).error().code == Code::refused);
  run.world().faults().set({});
  run.serve_for(5);
  REQUIRE(run.again(&Conductor::roll_back));
  CHECK(run.state() == RunState::rolled_back);
  CHECK(run.world().inventory(false) == before);
  CHECK(run.violations() == "");
}

TEST_CASE("after a death behind the rollback's switch nothing is carried to the original any more", "[conductor]") {
  SimRun run(two_machines(16));
  const auto before = run.world().inventory(false);
  REQUIRE(run.go());
  run.serve_for(5);
  sim::FaultPlan death;
  death.with(sim::FaultKind::kill_before, "release");
  death.on_kill = [] { throw Killed{}; };
  run.world().faults().set(death);
  REQUIRE_THROWS_AS(run.again(&Conductor::roll_back), Killed);
  run.world().revive();
  run.serve_for(70);  // the hold ends by itself, and clients write to the original
  REQUIRE(run.again(&Conductor::roll_back));
  CHECK(run.world().inventory(false) == before);
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("an entry that would refuse the hold stops the run before anything is cloned", "[conductor]") {
  auto options = two_machines(15);
  options.faults.with(sim::FaultKind::refuse, "where_entry");
  SimRun run(options);
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(run.store().journal().steps("r1")->size() < 12);
}

TEST_CASE("a cutover at a moment waits for it in ready", "[conductor]") {
  using namespace std::chrono_literals;
  RunOptions options;
  options.cutover = CutoverMode::at_time;
  options.at = SimRun(two_machines(21)).platform().clock().utc() + 40min;
  SimRun run(two_machines(21), options);
  std::optional<std::chrono::system_clock::time_point> began;
  run.on_state([&](RunState state) {
    if (state == RunState::cutting_over && !began) began = run.platform().clock().utc();
  });
  REQUIRE(run.go());
  CHECK(run.state() == RunState::confirming);
  REQUIRE(began);
  CHECK(*began >= options.at);
  CHECK(*began < options.at + 1min);
  CHECK(run.violations().empty());
}

TEST_CASE("a stall over its budget is refused before clients wait", "[conductor]") {
  RunOptions options;
  options.max_stall = Millis{1};
  SimRun run(two_machines(6), options);
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::refused);
  CHECK(run.state() == RunState::aborted);
  CHECK(run.violations() == "");
}

TEST_CASE("a release that fails after the switch does not undo what clients were told", "[conductor]") {
  for (const auto kind : {sim::FaultKind::refuse, sim::FaultKind::lose_answer, sim::FaultKind::lose_call}) {
    auto options = two_machines(7);
    options.faults.with(kind, "release");
    SimRun run(options);
    const auto end = run.go();
    INFO(sim::name_of(kind) << (end ? "" : ": " + end.error().describe()));
    REQUIRE(run.world().faults().plan().rules.front().seen > 0);
    CHECK(end);
    CHECK(run.state() == RunState::confirming);
    run.serve_for(20);
    CHECK(run.violations() == "");
  }
}

TEST_CASE("clones that cannot be taken off the network again are powered off before the original returns",
          "[conductor]") {
  auto options = two_machines(8);
  options.faults.with(sim::FaultKind::lose_answer, "announce", 0);
  options.faults.with(sim::FaultKind::refuse, "move", 7);
  SimRun run(options);
  const auto end = run.go();
  CHECK(run.world().faults().plan().rules.front().seen > 0);
  run.serve_for(20);
  CHECK(run.violations() == "");
  CHECK((run.state() == RunState::aborted || run.state() == RunState::confirming));
}

TEST_CASE("a clone that neither enters nor leaves is told of with the word that ends it, whichever move it was",
          "[conductor]") {
  unsigned stuck = 0;
  for (unsigned move = 1; move <= 10; ++move) {
    SimRun run(two_machines(8));
    sim::FaultPlan faults;
    for (int in_a_row = 0; in_a_row < 3; ++in_a_row) faults.with(sim::FaultKind::refuse, "move", move, "app");
    run.world().faults().set(faults.with(sim::FaultKind::refuse, "stop", 0, "app"));
    const auto end = run.go();
    run.world().faults().set({});
    if (end || run.state() != RunState::cutting_over) continue;
    INFO(move << ": " << end.error().describe());
    ++stuck;
    const bool resume = end.error().remedy.find("`moult resume r1`") != std::string::npos;
    CHECK(resume != (end.error().remedy.find("`moult abort r1`") != std::string::npos));
    REQUIRE(run.again(resume ? &Conductor::resume : &Conductor::abort));
    CHECK(run.state() == (resume ? RunState::confirming : RunState::aborted));
    run.serve_for(5);
    CHECK(run.violations() == "");
  }
  CHECK(stuck > 0);
}

TEST_CASE("a warm hook runs on the clone before clients wait, and its failure stops the cutover there", "[conductor]") {
  auto options = two_machines(10);
  auto& hooks = options.maintenance.components.front().hooks;
  hooks.warm = {"warm", "api"};
  SimRun good(options);
  REQUIRE(good.go());

  hooks.warm = {"dpkg-query", "-W", "no-such-package"};
  SimRun bad(options);
  const auto message = bad.go().error().describe();
  INFO(message);
  CHECK(message.find("hook warm (dpkg-query) on app") != std::string::npos);
  CHECK(message.find("clients") == std::string::npos);
  CHECK(bad.violations() == "");
}

TEST_CASE("a cutover that fails says whether clients wait, since when and until when", "[conductor]") {
  auto options = two_machines(9);
  options.faults.with(sim::FaultKind::refuse, "drain", 0);
  SimRun let_go(options);
  auto message = let_go.go().error().describe();
  INFO(message);
  CHECK(message.find("; clients were held from 2026-01-01T00:0") != std::string::npos);
  CHECK(message.find(" ms, and are let go (open ") != std::string::npos);

  options.faults.with(sim::FaultKind::refuse, "release", 0);
  SimRun held(options);
  message = held.go().error().describe();
  INFO(message);
  CHECK(message.find("; clients are held since 2026-01-01T00:0") != std::string::npos);
  CHECK(message.find("; holding 0); the hold ends by itself at 2026-01-01T00:0") != std::string::npos);
  held.serve_for(60);
  CHECK(held.world().gate().hold_until == 0);
  CHECK(held.world().gate().on_record);  // until the run is undone
  held.world().faults().set({});
  REQUIRE(held.again(&Conductor::abort));
  CHECK_FALSE(held.world().gate().on_record);

  options.faults = {};
  options.faults.with(sim::FaultKind::refuse, "hold", 0);
  SimRun never(options);
  message = never.go().error().describe();
  INFO(message);
  CHECK(message.find("; clients are not held (open ") != std::string::npos);
}

namespace {

SimOptions without_downgrade(std::uint64_t seed) {
  auto options = two_machines(seed);
  options.maintenance.components.front().data.front().downgrade.clear();
  return options;
}

std::string audit_of(SimRun& run, const std::string& event) {
  std::string facts;
  REQUIRE(read_run(run.store().audit(), "r1", [&](const AuditRow& row) -> Result<> {
    if (row.event == event) facts = row.facts;
    return {};
  }));
  return facts;
}

}  // namespace

TEST_CASE("a rollback that would lose writes is refused, and with a word done and written down", "[conductor]") {
  SimRun run(without_downgrade(10));
  REQUIRE(run.go());
  run.serve_for(10);
  const auto refused = run.again(&Conductor::roll_back);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  CHECK(refused.error().message.find("api.notes") != std::string::npos);
  CHECK(refused.error().remedy.find("--accept-one-way") != std::string::npos);
  CHECK(refused.error().remedy.find("moult finish r1") != std::string::npos);
  CHECK(run.state() == RunState::confirming);
  run.serve_for(5);
  CHECK(run.violations() == "");  // until here nothing is lost

  const auto done = run.again(&Conductor::roll_back_one_way);
  INFO((done ? "" : done.error().describe()));
  REQUIRE(done);
  CHECK(run.state() == RunState::rolled_back);
  CHECK(run.world().serves());
  CHECK(audit_of(run, "rollback.one_way") == R"({"accepted":["api.notes"]})");
  const auto left = audit_of(run, "rollback.left_behind");
  CHECK(left.find(R"("api.notes":{"bytes":)") != std::string::npos);
  CHECK(left.find(R"("paths":0)") == std::string::npos);
  CHECK(run.world().inventory(true).find("+migrated") == std::string::npos);
}

TEST_CASE("a check that fails after the switch does not roll back what would lose writes", "[conductor]") {
  auto options = without_downgrade(11);
  options.faults.with(sim::FaultKind::refuse, "check", 0);
  SimRun run(options);
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().message.find("the clone serves on") != std::string::npos);
  CHECK(end.error().remedy.find("--accept-one-way") != std::string::npos);
  CHECK(run.state() == RunState::confirming);
  run.serve_for(5);
  CHECK(run.violations() == "");
}
