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

TEST_CASE("clients of the side that left are told by the one that came, there and back", "[conductor]") {
  auto options = two_machines(7);
  if (GENERATE(false, true)) options.appliance.entry.kind = EntryKind::none;
  SimRun run(options);
  const TcpConnections of_original{{"10.0.0.2", "10.0.0.9", 80, 1}}, of_clone{{"10.0.0.2", "10.0.0.9", 80, 2}};
  const auto guest_of = [&run](const std::string& clone_of) -> sim::Guest& {
    for (const auto& domain : run.world().domains())
      if (domain->role == 1 && domain->run == clone_of) return domain->guest;
    throw std::logic_error("no such machine");
  };
  auto& original = guest_of("");
  original.connections = of_original;
  REQUIRE(run.go());
  auto& clone = guest_of("r1");
  CHECK(clone.tickled == of_original);
  clone.connections = of_clone;
  REQUIRE(run.again(&Conductor::roll_back));
  CHECK(original.tickled == of_clone);
  CHECK(run.violations() == "");
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
