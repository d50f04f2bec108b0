// What chance once found, made certain. tests/sim looks for more.
#include <algorithm>

#include "catch.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using namespace moult::test;

namespace {

/// Every rule's call came.
bool all_met(SimRun& run) {
  const auto& rules = run.world().faults().plan().rules;
  return std::all_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.seen >= rule.nth; });
}

}  // namespace

TEST_CASE("addresses that are announced late or not at all do not undo a switch", "[chance]") {
  auto options = two_machines(9);
  options.faults.rules.push_back({sim::FaultKind::slow, "announce", 1, {}, Millis{30'000}});
  options.faults.with(sim::FaultKind::refuse, "announce");  // of the calls that the rule before leaves
  SimRun run(options);
  REQUIRE(run.go());
  CHECK(all_met(run));
  CHECK(run.state() == RunState::confirming);
  run.serve_for(20);
  CHECK(run.violations() == "");
}

TEST_CASE("a switch that fails after its hold ended takes along what clients wrote meanwhile", "[chance]") {
  constexpr unsigned last = 7;  // after four moves to rehearse and two to seal; the second one of the switch fails
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto options = two_machines(seed);
    options.faults.rules.push_back({sim::FaultKind::slow, "move", last, {}, Millis{30'000}});
    options.faults.with(sim::FaultKind::lose_answer, "move", last);
    SimRun run(options);
    (void)run.go();
    INFO("seed " << seed << " " << name_of(run.state()));
    CHECK(all_met(run));
    run.serve_for(20);
    CHECK(run.violations() == "");
  }
}

TEST_CASE("events lost while the clone serves make rollback compare both sides", "[chance]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SimRun run(two_machines(seed));
    REQUIRE(run.go());
    run.serve_for(10);
    run.world().faults().set(sim::FaultPlan().with(sim::FaultKind::overflow, "emit", 1));
    const auto end = run.again(&Conductor::roll_back);
    INFO("seed " << seed << (end ? "" : ": " + end.error().describe()));
    REQUIRE(end);
    CHECK(all_met(run));
    run.serve_for(5);
    CHECK(run.violations() == "");
  }
}

TEST_CASE("what a round brought whose answer was lost gets its new form all the same", "[chance]") {
  for (unsigned nth = 2; nth <= 8; ++nth)
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      auto options = two_machines(seed);
      options.faults.with(sim::FaultKind::lose_answer, "apply", nth);
      SimRun run(options);
      (void)run.go();
      INFO("seed " << seed << ", answer " << nth << ", " << name_of(run.state()));
      run.serve_for(5);
      CHECK(run.violations() == "");
    }
}

TEST_CASE("an original whose rollback broke off at its switch serves when another process takes it up", "[chance]") {
  auto options = two_machines(5);
  options.appliance.entry.kind = EntryKind::none;  // nothing keeps clients from the original meanwhile
  SimRun run(options);
  const auto before = run.world().inventory(false);
  REQUIRE(run.go());
  run.serve_for(5);
  // Its clones are gone, and one original does not come in.
  run.world().faults().set(sim::FaultPlan().with(sim::FaultKind::lose_call, "move", 3));
  REQUIRE_FALSE(run.again(&Conductor::roll_back));
  run.world().faults().set({});
  const auto end = run.again(&Conductor::resume);
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  CHECK(run.state() == RunState::rolled_back);
  CHECK(run.world().inventory(false) == before);
  run.serve_for(5);
  CHECK(run.world().serves());
  CHECK(run.violations() == "");
}

TEST_CASE("whichever write of a rollback is lost, who finds it dead among its clean-up ends it", "[chance]") {
  struct Killed {};
  constexpr unsigned kWrites = 40;
  unsigned deaths = 0;
  for (unsigned nth = 1; nth <= kWrites; ++nth) {
    SimRun run(two_machines(nth));
    run.journal_in_world();
    REQUIRE(run.go());
    run.serve_for(5);
    sim::FaultPlan faults;
    faults.with(sim::FaultKind::lose_call, "journal", nth).with(sim::FaultKind::kill_after, "discard_clone", 2);
    faults.on_kill = [] { throw Killed{}; };
    run.world().faults().set(faults);
    try {
      (void)run.again(&Conductor::roll_back);
    } catch (const Killed&) {
      ++deaths;
    }
    run.world().faults().set({});
    run.world().revive();
    INFO("write " << nth);
    if (run.state() == RunState::confirming) CHECK(run.again(&Conductor::roll_back));
    CHECK(run.state() == RunState::rolled_back);
    run.serve_for(5);
    CHECK(run.violations() == "");
  }
  CHECK(deaths > kWrites / 4);
}

TEST_CASE("a finish after a rollback that died with its clone off the network makes the clone serve first",
          "[chance]") {
  struct Killed {};
  for (const unsigned moved : {1U, 2U}) {
    SimRun run(two_machines(moved));
    REQUIRE(run.go());
    run.serve_for(5);
    sim::FaultPlan death;
    death.with(sim::FaultKind::kill_after, "move", moved);
    death.on_kill = [] { throw Killed{}; };
    run.world().faults().set(death);
    REQUIRE_THROWS_AS(run.again(&Conductor::roll_back), Killed);
    run.world().faults().set({});
    run.world().revive();
    run.serve_for(60);  // longer than any lease
    const auto end = run.again(&Conductor::finish);
    INFO("after move " << moved << (end ? "" : ": " + end.error().describe()));
    REQUIRE(end);
    run.serve_for(5);
    CHECK(run.world().serves());
    CHECK(run.violations() == "");
  }
}
