// Cutovers that wait, are given up, or fail behind their switch.
#include "catch.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using moult::test::SimRun;
using moult::test::two_machines;

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
