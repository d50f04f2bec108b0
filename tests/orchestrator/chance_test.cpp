// The orchestrator in worlds where any call may meet any fault. MOULT_SEEDS="FROM COUNT PPM" tries others than the
// usual ones.
#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "catch.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using namespace moult::test;

namespace {

struct Lives {
  std::uint64_t from = 1, count = 2000;
  std::uint32_t ppm = 2000;
};

Lives wanted() {
  Lives lives;
  if (const char* text = std::getenv("MOULT_SEEDS")) std::istringstream(text) >> lives.from >> lives.count >> lives.ppm;
  return lives;
}

SimOptions with_chance(std::uint64_t seed, std::uint32_t ppm) {
  using sim::FaultKind;
  auto options = two_machines(seed);
  for (const auto kind : {FaultKind::refuse, FaultKind::lose_call, FaultKind::lose_answer, FaultKind::fail_command,
                          FaultKind::half_way, FaultKind::slow, FaultKind::crash_guest, FaultKind::destroy_guest,
                          FaultKind::kill_helper, FaultKind::overflow, FaultKind::restart_entry, FaultKind::jump_clock})
    options.faults.ppm[static_cast<std::size_t>(kind)] = ppm;
  return options;
}

/// An upgrade, and what a person does next: takes it back, or gives the way back up, or leaves it.
void live(SimRun& run, std::uint64_t seed) {
  (void)run.go();
  run.serve_for(5);
  if (!run.begun()) return;
  const auto state = run.state();
  if (state == RunState::confirming && seed % 3 == 1) (void)run.again(&Conductor::roll_back);
  if (state == RunState::confirming && seed % 3 == 2) (void)run.again(&Conductor::finish);
  // A cutover that stopped half way waits for a person, who has been told what abort would cost.
  if (state != RunState::confirming && state != RunState::cutting_over && !is_over(state))
    (void)run.again(&Conductor::abort);
  run.serve_for(30);
}

/// Every rule's call came.
bool all_met(SimRun& run) {
  const auto& rules = run.world().faults().plan().rules;
  return std::all_of(rules.begin(), rules.end(), [](const auto& rule) { return rule.seen >= rule.nth; });
}

}  // namespace

TEST_CASE("whatever calls fail, no acknowledged write is lost and one side serves at most", "[chance]") {
  const auto lives = wanted();
  std::uint64_t struck = 0, reached = 0;
  for (std::uint64_t seed = lives.from; seed < lives.from + lives.count; ++seed) {
    auto options = with_chance(seed, lives.ppm);
    options.keep_trace = lives.count == 1;
    SimRun run(std::move(options));
    live(run, seed);
    struck += run.world().faults().struck() > 0 ? 1 : 0;
    const auto state = run.begun() ? run.state() : RunState::aborted;
    reached += state == RunState::confirming || state == RunState::finished || state == RunState::rolled_back ? 1 : 0;
    const auto broken = run.violations();
    if (lives.count == 1) UNSCOPED_INFO(run.world().trace().text(2000));
    if (!broken.empty())
      FAIL_CHECK("MOULT_SEEDS=\"" << seed << " 1 " << lives.ppm << "\", " << name_of(state) << ":\n" << broken);
  }
  WARN(struck << " of " << lives.count << " lives met a fault, " << reached << " came through the cutover");
  CHECK((lives.count < 100 || struck > lives.count / 10));
  CHECK((lives.count < 100 || reached > lives.count / 10));
}

namespace {

struct Killed {};

SimOptions with_deaths(std::uint64_t seed, std::uint32_t ppm) {
  auto options = with_chance(seed, ppm);
  for (const auto kind : {sim::FaultKind::kill_before, sim::FaultKind::kill_after})
    options.faults.ppm[static_cast<std::size_t>(kind)] = 2 * ppm;
  options.faults.on_kill = [] { throw Killed{}; };
  return options;
}

/// What a person asks for who finds a run without a process.
void next_word(SimRun& run, std::uint64_t seed) {
  if (run.state() != RunState::confirming)
    (void)run.again(&Conductor::abort);
  else
    (void)run.again(seed % 2 == 0 ? &Conductor::roll_back : &Conductor::finish);
}

/// Deaths and other faults until the run is over. False: it was not in so many tries.
bool live_through_deaths(SimRun& run, std::uint64_t seed) {
  for (int attempt = 0; attempt < 12; ++attempt) {
    try {
      if (attempt == 0)
        (void)run.go();
      else
        next_word(run, seed);
    } catch (const Killed&) {
      run.world().revive();
    }
    if (!run.begun() || is_over(run.state())) return true;
    run.serve_for(static_cast<int>(seed % 5) * 17);  // also longer than any lease
  }
  return false;
}

}  // namespace

TEST_CASE("whenever the orchestrator dies, another one ends its run and loses nothing", "[chance]") {
  const auto lives = wanted();
  std::uint64_t unended = 0;
  for (std::uint64_t seed = lives.from; seed < lives.from + lives.count; ++seed) {
    auto options = with_deaths(seed, lives.ppm);
    options.keep_trace = lives.count == 1;
    SimRun run(std::move(options));
    unended += live_through_deaths(run, seed) ? 0 : 1;
    run.serve_for(30);
    const auto broken = run.violations();
    if (lives.count == 1) UNSCOPED_INFO(run.world().trace().text(2000));
    if (!broken.empty())
      FAIL_CHECK("MOULT_SEEDS=\"" << seed << " 1 " << lives.ppm << "\", " << name_of(run.state()) << ":\n" << broken);
  }
  WARN(unended << " of " << lives.count << " runs could not be ended");
  CHECK((lives.count < 100 || unended < lives.count / 50));
}

// What chance once found, made certain.

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
