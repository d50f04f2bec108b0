// What fails while an original is slowed.
#include "catch.hpp"
#include "outpaced.hpp"

using namespace moult;
using namespace moult::test;
using sim::FaultKind;

TEST_CASE("a machine that cannot be slowed is found before anything is cloned", "[throttle]") {
  const auto call = GENERATE("disk_limits", "limit_disks");
  auto options = outpaced(1);
  options.faults.with(FaultKind::refuse, call, 0);
  SimRun run(options, with_throttle());
  const auto before = run.world().inventory(false);
  const auto end = run.go();
  CHECK(run.world().inventory(false) == before);
  CHECK(throttles_of(run.store().journal(), "r1")->empty());
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::refused);
  CHECK(has(end.error().describe(), "--throttle: machine app"));
  CHECK(has(end.error().remedy, "Without --throttle"));
  SimRun without(options);
  without.on_state([&](RunState state) {
    if (state == RunState::cloning) without.interrupt().ask();
  });
  CHECK(without.go().error().code == Code::interrupted);
}

TEST_CASE("a machine that cannot be slowed any more is not told to be", "[throttle]") {
  const auto how = GENERATE(FaultKind::refuse, FaultKind::lose_answer);
  SimRun run(outpaced(4), with_throttle());
  run.on_state([&](RunState state) {
    if (state == RunState::converging) run.world().faults().set(sim::FaultPlan{}.with(how, "limit_disks", 0));
  });
  unsigned warned = 0;
  bool spent = false;
  run.on_word([&](const std::string& text) {
    if (has(text, "cannot slow the disks of app")) {
      ++warned;
      CHECK(throttles_of(run.store().journal(), "r1")->empty());
      CHECK_FALSE(is_slowed(run));
    }
    if (!has(text, "nothing is left to slow")) return;
    spent = true;
    run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  CHECK(warned > 1);
  CHECK(spent);
  CHECK(run.violations() == "");
}

TEST_CASE("a machine that cannot be slowed is warned of, and tried again", "[throttle]") {
  SimRun run(outpaced(4), with_throttle());
  run.on_state([&](RunState state) {
    if (state != RunState::converging) return;
    sim::FaultPlan faults;
    faults.with(FaultKind::refuse, "limit_disks", 1);
    faults.with(FaultKind::lose_answer, "limit_disks", 1);  // of the calls that the rule before leaves
    run.world().faults().set(faults);
  });
  unsigned warned = 0;
  run.on_word([&](const std::string& text) { warned += has(text, "cannot slow the disks of app") ? 1 : 0; });
  const auto end = run.go();
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  CHECK(warned == 2);
  CHECK_FALSE(is_slowed(run));
  CHECK(run.violations() == "");
}

TEST_CASE("limits that cannot be taken off keep clients from being held, and an abort takes them off", "[throttle]") {
  SimRun run(outpaced(5), with_throttle());
  const auto before = run.world().inventory(false);
  run.on_state([&](RunState state) {
    if (state == RunState::ready)
      run.world().faults().set(sim::FaultPlan{}.with(FaultKind::refuse, "restore_limits", 0));
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(has(end.error().describe(), "the disks of app are slowed"));
  CHECK(has(end.error().remedy, "moult abort r1"));
  CHECK(is_slowed(run));
  CHECK(throttles_of(run.store().journal(), "r1")->size() == 1);
  run.world().faults().set({});
  REQUIRE(run.again(&Conductor::abort));
  CHECK(run.world().inventory(false) == before);
  CHECK(run.violations() == "");
}
