// Who dies while an original is slowed.
#include "catch.hpp"
#include "outpaced.hpp"

using namespace moult;
using namespace moult::test;
using sim::FaultKind;

namespace {

struct Killed {};

/// Everything at a tenth of the pace: who dies at each of some hundred calls has no time for a busy world.
constexpr unsigned kSlower = 10;

SimOptions slowly_outpaced(std::uint64_t seed) { return outpaced(seed, kSlower); }
RunOptions with_slow_throttle() { return with_throttle(kFloor / kSlower); }

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
  SimRun run(slowly_outpaced(seed), with_slow_throttle());
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
  auto options = slowly_outpaced(seed);
  options.faults.with(when, "", static_cast<unsigned>(call));
  options.faults.on_kill = [] { throw Killed{}; };
  return options;
}

}  // namespace

TEST_CASE("who takes up a run that died while a limit was tried does not take that one for the owner's", "[throttle]") {
  const auto [when, call] =
      GENERATE(std::pair{FaultKind::kill_before, "limit_disks"}, std::pair{FaultKind::kill_after, "limit_disks"},
               std::pair{FaultKind::kill_before, "restore_limits"}, std::pair{FaultKind::kill_after, "restore_limits"});
  auto options = slowly_outpaced(12);
  options.faults.with(when, call);
  options.faults.on_kill = [] { throw Killed{}; };
  SimRun run(options, with_slow_throttle());
  const auto before = run.world().inventory(false);
  REQUIRE(dies_at(run));
  CHECK(run.state() == RunState::planned);
  REQUIRE(run.again(&Conductor::resume));
  CHECK_FALSE(is_slowed(run));
  REQUIRE(run.again(&Conductor::roll_back));
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("whoever dies while an original is slowed, an abort leaves the world as it was", "[throttle]") {
  const auto window = window_of(8);
  unsigned slowed = 0;
  for (auto call = window.first; call < window.last; ++call) {
    SimRun run(killed_at(8, call, call % 2 == 0 ? FaultKind::kill_before : FaultKind::kill_after),
               with_slow_throttle());
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
    SimRun run(killed_at(9, call, call % 2 == 0 ? FaultKind::kill_before : FaultKind::kill_after),
               with_slow_throttle());
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
