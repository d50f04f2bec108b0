// Clients that write faster than rounds carry, and originals that are slowed for it.
#include "orchestrator/throttle.hpp"

#include "catch.hpp"
#include "orchestrator/requests.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using namespace moult::test;
using sim::FaultKind;

namespace {

struct Killed {};

constexpr std::uint64_t kFloor = 8192;  ///< bytes a second: two notes

/// About 20 writes a second, of about 15 notes; a clone takes 9.
SimOptions outpaced(std::uint64_t seed) {
  auto options = two_machines(seed);
  options.think = Millis{100};
  options.slow_clone = Millis{110};
  return options;
}

RunOptions with_throttle(std::uint64_t floor = kFloor) {
  RunOptions options;
  options.throttle = floor;
  return options;
}

std::vector<std::string> rows_of(SimRun& run, const std::string& event) {
  std::vector<std::string> facts;
  REQUIRE(read_run(run.store().audit(), "r1", [&](const AuditRow& row) -> Result<> {
    if (row.event == event) facts.push_back(row.facts);
    return {};
  }));
  return facts;
}

bool is_slowed(SimRun& run) { return run.world().inventory(false).find("<=") != std::string::npos; }

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

/// Each round takes longer than clients may wait, whatever it brings.
sim::FaultPlan slow_rounds() {
  sim::FaultPlan slow;
  slow.rules.push_back({FaultKind::slow, "apply", 0, {}, Millis{3000}});
  return slow;
}

/// Back to the original, wherever the run is.
Result<RunEnd> undo(SimRun& run) {
  const auto aborted = run.again(&Conductor::abort);
  return aborted || run.state() != RunState::confirming ? aborted : run.again(&Conductor::roll_back);
}

}  // namespace

TEST_CASE("a limit is half of what is written, or less, and never below the floor", "[throttle]") {
  CHECK(next_limit(1000, 1.0, 100) == 500);
  CHECK(next_limit(1000, 0.8, 100) == 500);
  CHECK(next_limit(1000, 2.5, 100) == 200);
  CHECK(next_limit(1000, 50, 100) == 100);
  CHECK(next_limit(150, 1.0, 100) == 100);
  CHECK(next_limit(101, 1.0, 100) == 100);
  CHECK_FALSE(next_limit(100, 3.0, 100));
  CHECK_FALSE(next_limit(30, 3.0, 100));
  CHECK_FALSE(next_limit(0, 0, 100));
  CHECK(next_limit(1e18, 1.0, 1) == 500'000'000'000'000'000ULL);
}

TEST_CASE("options of a run are kept with the floor, and without one", "[throttle]") {
  CHECK(options_from_json(options_to_json(with_throttle(5)))->throttle == 5);
  CHECK_FALSE(options_from_json(options_to_json({}))->throttle);
}

TEST_CASE("data that is written faster than it is carried is told of early, with figures and what helps",
          "[throttle]") {
  SimRun run(outpaced(1));
  const auto before = run.world().inventory(false);
  std::string said;
  run.on_word([&](const std::string& text) {
    if (!has(text, "do not get shorter")) return;
    said = text;
    run.interrupt().ask();
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().code == Code::interrupted);
  INFO(said);
  CHECK((has(said, "after 3 rounds") || has(said, "after 4 rounds")));
  CHECK(has(said, "api.notes: "));
  CHECK(has(said, "paths a second are written"));
  CHECK(has(said, "are carried"));
  CHECK(has(said, "over the budget of 2000 ms"));
  CHECK(has(said, "--throttle RATE"));
  CHECK(rows_of(run, "data.outpaced").size() == 1);
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("with a throttle it converges, and the limits are off before clients are held", "[throttle]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (const std::uint64_t own : {0ULL, 1ULL << 20U}) {
      auto options = outpaced(seed);
      options.disk_limit = own;
      options.disks = 2;
      SimRun run(options, with_throttle());
      const auto before = run.world().inventory(false);
      const auto end = run.go();
      INFO("seed " << seed << ", the owner's limit " << own << (end ? "" : ": " + end.error().describe()));
      REQUIRE(end);
      CHECK(run.state() == RunState::confirming);
      const auto throttled = rows_of(run, "data.throttled");
      REQUIRE_FALSE(throttled.empty());
      CHECK(has(throttled.front(), R"("machine":"app")"));
      CHECK(rows_of(run, "data.unthrottled").size() >= 1);
      CHECK(throttles_of(run.store().journal(), "r1")->empty());
      run.serve_for(5);
      CHECK(run.violations() == "");
      REQUIRE(run.again(&Conductor::roll_back));
      CHECK(run.world().inventory(false) == before);
      CHECK(run.violations() == "");
    }
  }
}

TEST_CASE("what became dirty under a limit is written out before clients are held, and carried where that took long",
          "[throttle]") {
  const bool long_one = GENERATE(false, true);
  auto options = outpaced(1);
  options.keep_trace = true;
  SimRun run(options, with_throttle());
  run.on_state([&](RunState state) {
    if (state != RunState::cutting_over || !long_one) return;
    sim::FaultPlan slow;  // of the machine that holds no data, which no round writes out
    slow.rules.push_back({FaultKind::slow, "sync", 0, "web", Millis{5000}});
    run.world().faults().set(slow);
  });
  std::string until_held;
  run.on_part([&](std::string_view part, double) {
    if (part == "hold" && until_held.empty()) until_held = run.world().trace().text(1000);
  });
  (void)run.go();
  const auto lifted = until_held.rfind("disk limit");
  REQUIRE(lifted != std::string::npos);
  CAPTURE(long_one, until_held.substr(lifted));
  CHECK(until_held.find(" sync ", lifted) != std::string::npos);
  CHECK((until_held.find(" emit ", lifted) != std::string::npos) == long_one);
}

TEST_CASE("an original that need not be slowed is not, also where it may be", "[throttle]") {
  SimRun run(two_machines(3), with_throttle());
  REQUIRE(run.go());
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.violations() == "");
}

TEST_CASE("a floor above what is written slows nothing, and says so", "[throttle]") {
  SimRun run(outpaced(2), with_throttle(1ULL << 30U));
  const auto before = run.world().inventory(false);
  std::string said;
  run.on_word([&](const std::string& text) {
    if (!has(text, "nothing is left to slow")) return;
    said = text;
    run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  INFO(said);
  CHECK(has(said, "above the floor of 1GiB/s"));
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("originals are slowed down to the floor and not below it, however little that helps", "[throttle]") {
  SimRun run(outpaced(3), with_throttle(15 * 4096));  // still more than a clone can be given
  bool spent = false;
  run.on_word([&](const std::string& text) {
    if (!has(text, "nothing is left to slow")) return;
    spent = true;
    CHECK_FALSE(is_slowed(run));  // it goes on with rounds, for there may be less load later
    run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  CHECK(spent);
  const auto rows = rows_of(run, "data.throttled");
  REQUIRE_FALSE(rows.empty());
  CHECK(has(rows.back(), R"("bytes_per_second":61440)"));
  CHECK_FALSE(is_slowed(run));
  CHECK(run.violations() == "");
}

TEST_CASE("what rounds cost that bring little slows nothing, for it would be the same at any pace", "[throttle]") {
  SimRun run(two_machines(10), with_throttle());
  const auto before = run.world().inventory(false);
  run.on_state([&](RunState state) {
    if (state == RunState::cloning) run.world().faults().set(slow_rounds());
  });
  bool told = false;
  run.on_word([&](const std::string& text) {
    if (!has(text, "nothing is left to slow")) return;
    told = true;
    run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  CHECK(told);
  CHECK(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
}

TEST_CASE("a cutover that is due is waited for without limits where they do not help", "[throttle]") {
  SimRun run(outpaced(11), with_throttle());
  run.on_state([&](RunState state) {
    if (state != RunState::ready) return;
    CHECK(is_slowed(run));
    run.world().faults().set(slow_rounds());
  });
  unsigned waited = 0;
  run.on_word([&](const std::string& text) {
    if (!has(text, "no cutover yet") || is_slowed(run)) return;
    if (++waited == 3) run.interrupt().ask();
  });
  REQUIRE_FALSE(run.go());
  CHECK(waited == 3);
  CHECK(run.violations() == "");
}

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
  const auto how = GENERATE(FaultKind::refuse, FaultKind::lose_answer);
  SimRun run(outpaced(4), with_throttle());
  run.on_state([&](RunState state) {
    if (state == RunState::converging) run.world().faults().set(sim::FaultPlan{}.with(how, "limit_disks", 1));
  });
  bool warned = false;
  run.on_word([&](const std::string& text) { warned = warned || has(text, "cannot slow the disks of app"); });
  const auto end = run.go();
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  CHECK(warned);
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

TEST_CASE("a run that waits for a word is not slowed until it comes", "[throttle]") {
  auto options = with_throttle();
  options.cutover = CutoverMode::manual;
  SimRun run(outpaced(6), options);
  bool asked = false;
  run.on_word([&](const std::string& text) {
    if (!has(text, "ready; waiting for")) return;
    CHECK_FALSE(is_slowed(run));
    run.serve_for(60);  // of writes that no round within the budget carries
    asked = put_request(run.store().journal(), "r1", Request::cutover).has_value();
  });
  const auto end = run.go();
  INFO((end ? "" : end.error().describe()));
  REQUIRE(end);
  CHECK(asked);
  CHECK(run.state() == RunState::confirming);
  CHECK(rows_of(run, "cutover.refused").empty());
  CHECK(rows_of(run, "data.unthrottled").size() >= 2);  // in ready, and before the hold
  CHECK(run.violations() == "");
}

TEST_CASE("a word that cannot be followed although all is slowed is refused, and the original let go", "[throttle]") {
  auto options = with_throttle();
  options.cutover = CutoverMode::manual;
  SimRun run(outpaced(7), options);
  const auto before = run.world().inventory(false);
  bool refused = false;
  run.on_word([&](const std::string& text) {
    if (has(text, "ready; waiting for")) {
      run.world().faults().set(slow_rounds());
      REQUIRE(put_request(run.store().journal(), "r1", Request::cutover));
    }
    if (!has(text, "no cutover yet") || rows_of(run, "cutover.refused").empty()) return;
    refused = true;
    REQUIRE(put_request(run.store().journal(), "r1", Request::abort));
  });
  REQUIRE_FALSE(run.go());
  CHECK(refused);
  CHECK(run.state() == RunState::aborted);
  CHECK_FALSE(rows_of(run, "data.throttled").empty());
  CHECK(run.world().inventory(false) == before);
  CHECK(run.violations() == "");
}

namespace {

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

SimOptions killed_at(std::uint64_t seed, std::uint64_t call, FaultKind when) {
  auto options = outpaced(seed);
  options.faults.with(when, "", static_cast<unsigned>(call));
  options.faults.on_kill = [] { throw Killed{}; };
  return options;
}

}  // namespace

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
