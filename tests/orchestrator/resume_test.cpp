// A process that dies at any call, and the one that takes its run up.
#include "catch.hpp"
#include "orchestrator/serving.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using namespace moult::test;

namespace {

struct Killed {};
using sim::FaultKind;
using Action = Result<RunEnd> (Conductor::*)();

sim::FaultPlan death_at(unsigned call, FaultKind when) {
  sim::FaultPlan plan;
  plan.with(when, "", call);
  plan.on_kill = [] { throw Killed{}; };
  return plan;
}

/// False: it did not live to see that call, for the action came to its end before.
template <typename Act>
bool dies(SimRun& run, Act act) {
  try {
    (void)act();
    return false;
  } catch (const Killed&) {
    run.world().revive();
    return true;
  }
}

/// Also longer than any lease: then what was held and frozen went on by itself.
int seconds_until_found(unsigned call) { return static_cast<int>(call % 3) * 35; }

/// Kills the action at its first call, then at its second, ..., and looks at what becomes of each. Returns how often.
template <typename Begin, typename Look>
unsigned at_every_call(FaultKind when, Action action, Begin begin, Look look) {
  for (unsigned call = 1;; ++call) {
    SimRun run(two_machines(call));
    begin(run);
    run.world().faults().set(death_at(call, when));
    if (!dies(run, [&] { return run.again(action); })) return call - 1;
    run.world().faults().set({});
    run.serve_for(seconds_until_found(call));
    const auto end = run.again(&Conductor::resume);
    INFO("killed at call " << call << " of the action" << (end ? "" : ": " + end.error().describe()));
    REQUIRE(end);
    look(run);
    run.serve_for(5);
    REQUIRE(run.violations() == "");
  }
}

void go(SimRun& run) {
  REQUIRE(run.go());
  run.serve_for(5);
}

}  // namespace

TEST_CASE("an upgrade that dies at any call is taken up, and ends as if nothing had been", "[resume]") {
  for (const auto when : {FaultKind::kill_before, FaultKind::kill_after}) {
    unsigned begun = 0;
    for (unsigned call = 1;; ++call) {
      auto options = two_machines(call);
      options.faults = death_at(call, when);
      SimRun run(options);
      if (!dies(run, [&] { return run.go(); })) break;
      if (!run.begun()) continue;  // it died while it planned
      ++begun;
      run.world().faults().set({});
      run.serve_for(seconds_until_found(call));
      const auto end = run.again(&Conductor::resume);
      INFO("killed at call " << call << (end ? "" : ": " + end.error().describe()));
      REQUIRE(end);
      CHECK(run.state() == RunState::confirming);
      run.serve_for(5);
      REQUIRE(run.violations() == "");
    }
    CHECK(begun > 100);
  }
}

TEST_CASE("a rollback that dies at any call is taken up, and leaves the world as it was", "[resume]") {
  for (const auto when : {FaultKind::kill_before, FaultKind::kill_after}) {
    std::string before;
    const auto deaths = at_every_call(
        when, &Conductor::roll_back,
        [&](SimRun& run) {
          before = run.world().inventory(false);
          go(run);
        },
        [&](SimRun& run) {
          // Before its first effect a rollback is not begun, and nobody takes it up.
          if (run.state() == RunState::confirming) REQUIRE(run.again(&Conductor::roll_back));
          CHECK(run.state() == RunState::rolled_back);
          CHECK(run.world().inventory(false) == before);
        });
    CHECK(deaths > 40);
  }
}

TEST_CASE("a finish that dies at any call is taken up, and no way back is believed in meanwhile", "[resume]") {
  for (const auto when : {FaultKind::kill_before, FaultKind::kill_after}) {
    const auto deaths =
        at_every_call(when, &Conductor::finish, go, [](SimRun& run) { CHECK(run.state() == RunState::finished); });
    CHECK(deaths > 5);
  }
  SimRun run(two_machines(5));
  go(run);
  run.world().faults().set(death_at(3, FaultKind::kill_after));
  REQUIRE(dies(run, [&] { return run.again(&Conductor::finish); }));
  run.world().faults().set({});
  const auto back = run.again(&Conductor::roll_back);
  REQUIRE_FALSE(back);
  CHECK(back.error().remedy.find("moult finish r1") != std::string::npos);
  REQUIRE(run.again(&Conductor::resume));
  CHECK(run.state() == RunState::finished);
}

TEST_CASE("who takes a run up may die as well, again and again", "[resume]") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    auto options = two_machines(seed);
    options.faults = death_at(20 + seed, FaultKind::kill_after);
    SimRun run(options);
    REQUIRE(dies(run, [&] { return run.go(); }));
    unsigned deaths = 1;
    for (; deaths < 12; ++deaths) {
      run.world().faults().set(death_at(7 * deaths, FaultKind::kill_before));
      if (!dies(run, [&] { return run.again(&Conductor::resume); })) break;
    }
    run.world().faults().set({});
    if (run.state() != RunState::confirming) REQUIRE(run.again(&Conductor::resume));
    INFO("seed " << seed << ", " << deaths << " deaths");
    CHECK(run.state() == RunState::confirming);
    run.serve_for(5);
    REQUIRE(run.violations() == "");
  }
}

TEST_CASE("a run that is over has nothing to be taken up", "[resume]") {
  SimRun run(two_machines(2));
  go(run);
  REQUIRE(run.again(&Conductor::resume));  // confirming: nothing is left, and nothing is done
  CHECK(run.state() == RunState::confirming);
  REQUIRE(run.again(&Conductor::finish));
  const auto again = run.again(&Conductor::resume);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Code::refused);
  CHECK(again.error().message.find("is finished") != std::string::npos);
}

TEST_CASE("where it cannot be known which side serves, nothing is done and a person is asked", "[resume]") {
  auto options = two_machines(4);
  options.faults = sim::FaultPlan{}.with(FaultKind::kill_before, "release");
  options.faults.on_kill = [] { throw Killed{}; };
  SimRun run(options);
  REQUIRE(dies(run, [&] { return run.go(); }));
  run.world().faults().set(sim::FaultPlan{}.with(FaultKind::refuse, "where_machine", 0));
  const auto asked = run.again(&Conductor::resume);
  REQUIRE_FALSE(asked);
  CHECK(asked.error().describe().find("not known which side") != std::string::npos);
  CHECK(asked.error().remedy.find("moult resume r1") != std::string::npos);
  CHECK(run.state() == RunState::cutting_over);
  run.world().faults().set({});
  REQUIRE(run.again(&Conductor::resume));
  CHECK(run.state() == RunState::confirming);
  CHECK(run.violations() == "");
}

TEST_CASE("a way back whose capture was lost with the clone's helper is found by comparing both sides", "[resume]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SimRun run(two_machines(seed));
    const auto before = run.world().inventory(false);
    go(run);
    run.world().faults().set(sim::FaultPlan{}.with(FaultKind::kill_helper, "emit"));
    (void)run.again(&Conductor::roll_back);  // may come through, or be given up: clients go on writing to the clone
    run.world().faults().set({});
    run.serve_for(5);
    INFO("seed " << seed);
    if (run.state() == RunState::confirming) {
      const auto end = run.again(&Conductor::roll_back);
      INFO((end ? "" : end.error().describe()));
      REQUIRE(end);
    }
    CHECK(run.state() == RunState::rolled_back);
    CHECK(run.world().inventory(false) == before);
    REQUIRE(run.violations() == "");
  }
}

TEST_CASE("a clone that serves and is off is started again by resume", "[resume]") {
  SimRun run(two_machines(6));
  go(run);
  const MachineRef clone = run.platform().cloner().clone_of("r1", {"app", "sim:///one", "notes-app"});
  REQUIRE(run.platform().lifecycle().stop(clone, Millis{0}));
  const auto end = run.again(&Conductor::resume);
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  run.serve_for(60);
  CHECK(run.platform().lifecycle().inspect(clone)->state == PowerState::running);
  CHECK(run.state() == RunState::confirming);
  CHECK(run.violations() == "");
}
