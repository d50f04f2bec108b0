// What fails, and who dies, while an original is slowed.
#include "catch.hpp"
#include "outpaced.hpp"

using namespace moult;
using namespace moult::test;
using sim::FaultKind;

namespace {

struct Killed {};

/// Back to the original, wherever the run is.
Result<RunEnd> undo(SimRun& run) {
  const auto aborted = run.again(&Conductor::abort);
  return aborted || run.state() != RunState::confirming ? aborted : run.again(&Conductor::roll_back);
}

/// A run that dies at this call; false: it did not come so far.
bool dies_at(SimRun& run) {
  run.journal_in_world();
  try {
    (void)run.go();
    return false;
  } catch (const Killed&) {
    run.world().revive();
    run.world().faults().set({});
    return true;
  }
}

/// The calls between which an original was slowed in this world; nothing strikes there.
struct Window {
  std::uint64_t first = 0, last = 0;
};

Window window_of(std::uint64_t seed) {
  SimRun run(outpaced(seed), with_throttle());
  run.journal_in_world();
  Window window;
  run.on_word([&](const std::string& text) {
    if (window.first == 0 && has(text, "do not get shorter")) window.first = run.world().faults().calls();
  });
  run.on_part([&](std::string_view part, double) {
    if (part == "hold") window.last = run.world().faults().calls();
  });
  const auto end = run.go();
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  REQUIRE(window.first != 0);
  REQUIRE(window.last > window.first + 20);
  return window;
}

SimOptions killed_at(std::uint64_t seed, std::uint64_t call, FaultKind when) {
  auto options = outpaced(seed);
  options.faults.with(when, "", static_cast<unsigned>(call));
  options.faults.on_kill = [] { throw Killed{}; };
  return options;
}

}  // namespace

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

TEST_CASE("who takes up a run that died while a limit was tried does not take that one for the owner's", "[throttle]") {
  const auto [when, call] =
      GENERATE(std::pair{FaultKind::kill_before, "limit_disks"}, std::pair{FaultKind::kill_after, "limit_disks"},
               std::pair{FaultKind::kill_before, "restore_limits"}, std::pair{FaultKind::kill_after, "restore_limits"});
  auto options = outpaced(12);
  options.faults.with(when, call);
  options.faults.on_kill = [] { throw Killed{}; };
  SimRun run(options, with_throttle());
  const auto before = run.world().inventory(false);
  REQUIRE(dies_at(run));
  CHECK(run.state() == RunState::planned);
  REQUIRE(run.again(&Conductor::resume));
  CHECK_FALSE(is_slowed(run));
  REQUIRE(run.again(&Conductor::roll_back));
  CHECK(run.world().inventory(false) == before);
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

TEST_CASE("whoever dies while an original is slowed, an abort leaves the world as it was", "[throttle]") {
  const auto window = window_of(8);
  unsigned slowed = 0;
  for (auto call = window.first; call < window.last; ++call) {
    SimRun run(killed_at(8, call, call % 2 == 0 ? FaultKind::kill_before : FaultKind::kill_after), with_throttle());
    const auto before = run.world().inventory(false);
    INFO("killed at call " << call);
    REQUIRE(dies_at(run));
    slowed += is_slowed(run) ? 1 : 0;
    run.serve_for(5);
    const auto end = undo(run);
    INFO((end ? "" : end.error().describe()));
    REQUIRE(end);
    CHECK(run.world().inventory(false) == before);
    REQUIRE(run.violations() == "");
  }
  CHECK(slowed > 5);
}

TEST_CASE("whoever takes such a run up lets the original go, and comes to the cutover", "[throttle]") {
  const auto window = window_of(9);
  constexpr std::uint64_t kDeaths = 10;
  for (auto call = window.first; call < window.last; call += 1 + (window.last - window.first) / kDeaths) {
    SimRun run(killed_at(9, call, call % 2 == 0 ? FaultKind::kill_before : FaultKind::kill_after), with_throttle());
    INFO("killed at call " << call);
    REQUIRE(dies_at(run));
    run.serve_for(static_cast<int>(call % 3) * 5);
    const auto end = run.again(&Conductor::resume);
    INFO((end ? "" : end.error().describe()));
    REQUIRE(end);
    CHECK(run.state() == RunState::confirming);
    CHECK_FALSE(is_slowed(run));
    CHECK(throttles_of(run.store().journal(), "r1")->empty());
    run.serve_for(5);
    REQUIRE(run.violations() == "");
  }
}
