// A cutover that somebody must confirm in time.
#include "orchestrator/confirmation.hpp"

#include "catch.hpp"
#include "orchestrator/requests.hpp"
#include "orchestrator/serving.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using namespace moult::test;

namespace {

constexpr Millis kMinute{60000};

RunOptions confirmed_within(Millis time) {
  RunOptions options;
  options.confirm_within = time;
  return options;
}

/// Another process's word, left while the run enters `confirming`.
void ask_at_commit(SimRun& run, Request request) {
  run.on_state([&run, request](RunState state) {
    if (state == RunState::confirming) REQUIRE(put_request(run.store().journal(), "r1", request));
  });
}

int rows(SimRun& run, const std::string& event) {
  int found = 0;
  REQUIRE(read_run(run.store().audit(), "r1", [&](const AuditRow& row) -> Result<> {
    found += row.event == event ? 1 : 0;
    return {};
  }));
  return found;
}

struct Killed {};

/// The process dies at its first call after the commit.
void die_after_commit(SimRun& run) {
  run.on_state([&run](RunState state) {
    if (state != RunState::confirming) return;
    run.on_state({});
    throw Killed{};
  });
  REQUIRE_THROWS_AS(run.go(), Killed);
}

}  // namespace

TEST_CASE("a cutover that nobody confirms is rolled back when its time is over, with every write", "[confirm]") {
  SimRun run(two_machines(1), confirmed_within(kMinute));
  Clock::Steady committed{0};
  run.on_state([&](RunState state) {
    if (state == RunState::confirming) committed = run.platform().clock().steady();
    if (state == RunState::rolled_back) CHECK(run.platform().clock().steady() - committed >= kMinute);
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);  // who began it waited for another end
  CHECK(end.error().code == Code::timeout);
  CHECK(run.state() == RunState::rolled_back);
  CHECK(rows(run, "confirm.timed_out") == 1);
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("who confirms keeps the clone, and the way back stays open", "[confirm]") {
  SimRun run(two_machines(2), confirmed_within(kMinute));
  ask_at_commit(run, Request::confirm);
  const auto end = run.go();
  REQUIRE(end);
  CHECK(end->state == RunState::confirming);
  CHECK(rows(run, "run.confirmed") == 1);
  run.serve_for(120);
  REQUIRE(run.again(&Conductor::confirm));  // again is no error, and no second row
  CHECK(rows(run, "run.confirmed") == 1);
  REQUIRE(run.again(&Conductor::resume));  // what takes it up does not wait
  CHECK(run.state() == RunState::confirming);
  REQUIRE(run.again(&Conductor::roll_back));
  CHECK(run.state() == RunState::rolled_back);
  CHECK(run.violations() == "");
}

TEST_CASE("while it waits, a run is finished and rolled back on request", "[confirm]") {
  const auto asked =
      GENERATE(std::pair{Request::finish, RunState::finished}, std::pair{Request::rollback, RunState::rolled_back},
               std::pair{Request::rollback_one_way, RunState::rolled_back});
  SimRun run(two_machines(3), confirmed_within(kMinute));
  ask_at_commit(run, asked.first);
  const auto end = run.go();
  CHECK(end.has_value() == (asked.second == RunState::finished));
  CHECK(run.state() == asked.second);
  CHECK(rows(run, "confirm.timed_out") == 0);
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("with --finish, the confirmation gives the way back up", "[confirm]") {
  auto options = confirmed_within(kMinute);
  options.finish = true;
  SimRun run(two_machines(4), options);
  ask_at_commit(run, Request::confirm);
  const auto end = run.go();
  REQUIRE(end);
  CHECK(end->state == RunState::finished);
}

TEST_CASE("who is stopped while it waits leaves the clone serving and the time running", "[confirm]") {
  SimRun run(two_machines(5), confirmed_within(kMinute));
  run.on_state([&](RunState state) {
    if (state == RunState::confirming) run.interrupt().ask();
  });
  const auto stopped = run.go();
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().code == Code::interrupted);
  CHECK(stopped.error().remedy.find("moult confirm r1") != std::string::npos);
  CHECK(run.state() == RunState::confirming);
  run.forget_interrupt();
  run.on_state({});
  run.serve_for(50);
  const auto before = run.platform().clock().steady();
  CHECK_FALSE(run.again(&Conductor::resume));  // waits for what is left, not for a minute more
  CHECK(run.state() == RunState::rolled_back);
  CHECK(run.platform().clock().steady() - before < kMinute / 2);
  CHECK(run.violations() == "");
}

TEST_CASE("a run that died with its commit is confirmed or rolled back by whoever takes it up", "[confirm]") {
  SimRun run(two_machines(6), confirmed_within(kMinute));
  die_after_commit(run);
  SECTION("confirmed") {
    REQUIRE(run.again(&Conductor::confirm));
    REQUIRE(run.again(&Conductor::resume));
    CHECK(run.state() == RunState::confirming);
  }
  SECTION("not confirmed: the time begins when it is known that the clone serves") {
    CHECK_FALSE(run.again(&Conductor::resume));
    CHECK(run.state() == RunState::rolled_back);
  }
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("a rollback for which the time is over is tried three times, then a person is asked", "[confirm]") {
  SimRun run(two_machines(7), confirmed_within(kMinute));
  run.on_state([&](RunState state) {
    if (state != RunState::confirming) return;
    sim::FaultPlan plan;
    run.world().faults().set(plan.with(sim::FaultKind::refuse, "hold", 0));
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(run.state() == RunState::confirming);
  CHECK(rows(run, "confirm.timed_out") == 3);
  CHECK(rows(run, "rollback.given_up") == 3);
  CHECK(rows(run, "confirm.given_up") == 1);
  run.world().faults().set({});
  REQUIRE(run.again(&Conductor::resume));  // nothing rolls back by itself any more
  CHECK(run.state() == RunState::confirming);
  SECTION("the clone is kept") {
    REQUIRE(run.again(&Conductor::confirm));
    CHECK(rows(run, "run.confirmed") == 1);
    REQUIRE(run.again(&Conductor::resume));
    CHECK(run.state() == RunState::confirming);
  }
  SECTION("or left") {
    REQUIRE(run.again(&Conductor::roll_back));
    CHECK(run.state() == RunState::rolled_back);
  }
  CHECK(run.violations() == "");
}

TEST_CASE("a process that waits rolls back, though the sealed original's helper died meanwhile", "[confirm]") {
  auto options = two_machines(5);
  options.faults.with(sim::FaultKind::kill_helper, "alive", 3);  // the first ones are of the cutover
  SimRun run(options, confirmed_within(kMinute));
  const auto before = run.world().inventory(false);
  REQUIRE_FALSE(run.go());
  CHECK(run.state() == RunState::rolled_back);
  CHECK(rows(run, "rollback.refused") == 0);
  CHECK(run.world().inventory(false) == before);
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("a rollback that fails before it comes to the cutover does not stand in a confirmation's way", "[confirm]") {
  SimRun run(two_machines(9));
  REQUIRE(run.go());
  sim::FaultPlan plan;
  run.world().faults().set(plan.with(sim::FaultKind::refuse, "open_target", 0));
  REQUIRE_FALSE(run.again(&Conductor::roll_back));
  REQUIRE_FALSE(run.again(&Conductor::roll_back));
  run.world().faults().set({});
  REQUIRE(run.again(&Conductor::confirm));
  REQUIRE(run.again(&Conductor::resume));
  CHECK(run.state() == RunState::confirming);
  CHECK(run.violations() == "");
}

TEST_CASE("who confirms a run whose process died does first what that one left undone", "[confirm]") {
  SimRun run(two_machines(10), confirmed_within(kMinute));
  die_after_commit(run);
  REQUIRE(run.again(&Conductor::confirm));
  const auto& machine = run.plan().machines.front().ref;
  const auto facts = run.platform().lifecycle().inspect(machine);
  REQUIRE(facts);
  CHECK_FALSE(facts->autostart);  // a host that reboots must not bring it back
  CHECK(rows(run, "entry.check.none") + rows(run, "entry.check.good") == 1);
}

TEST_CASE("an original that died and is started by hand stays sealed, and the way back leads to it still",
          "[confirm]") {
  SimRun run(two_machines(12));
  REQUIRE(run.go());
  for (const auto& machine : run.plan().machines) {
    REQUIRE(run.platform().lifecycle().stop(machine.ref, Millis{0}));
    REQUIRE(run.platform().lifecycle().start(machine.ref));
    CHECK(*run.platform().network().where("r1", machine.ref) == Side::sealed);
  }
  run.serve_for(10);
  const auto back = run.again(&Conductor::roll_back);
  if (!back) FAIL(back.error().describe());
  CHECK(back->state == RunState::rolled_back);
  for (const auto& machine : run.plan().machines) {  // and nothing of the seal is left on it
    REQUIRE(run.platform().lifecycle().stop(machine.ref, Millis{0}));
    REQUIRE(run.platform().lifecycle().start(machine.ref));
    CHECK(*run.platform().network().where("r1", machine.ref) == Side::production);
  }
  CHECK(run.violations() == "");
}

TEST_CASE("a run whose finish was begun is not confirmed: some of its machines are the clone's alone", "[confirm]") {
  SimRun run(two_machines(11));
  REQUIRE(run.go());
  sim::FaultPlan plan;
  run.world().faults().set(plan.with(sim::FaultKind::half_way, "consolidate", 2));
  REQUIRE_FALSE(run.again(&Conductor::finish));
  run.world().faults().set({});
  const auto refused = run.again(&Conductor::confirm);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  REQUIRE(run.again(&Conductor::finish));
  run.serve_for(5);
  CHECK(run.violations() == "");
}

TEST_CASE("a run is not confirmed before its cutover, nor once it is rolled back", "[confirm]") {
  SimRun run(two_machines(8));
  REQUIRE(run.go());
  REQUIRE(run.again(&Conductor::roll_back));
  const auto refused = run.again(&Conductor::confirm);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  CHECK(refused.error().message.find("rolled-back") != std::string::npos);
}

TEST_CASE("a wall clock that jumps does not move the end of the time within one boot, and decides after a reboot",
          "[confirm]") {
  using std::chrono::system_clock;
  const system_clock::time_point noon{std::chrono::hours{12}};
  const std::chrono::hours day{24};
  const Moment deadline{"a", Clock::Steady{kMinute}, noon + kMinute};
  CHECK(time_left(deadline, {"a", Clock::Steady{Millis{10000}}, noon}) == Millis{50000});
  CHECK(time_left(deadline, {"a", Clock::Steady{Millis{10000}}, noon + day}) == Millis{50000});
  CHECK(time_left(deadline, {"a", Clock::Steady{Millis{10000}}, noon - day}) == Millis{50000});
  CHECK(time_left(deadline, {"a", Clock::Steady{2 * kMinute}, noon}) == Millis{0});
  CHECK(time_left(deadline, {"b", Clock::Steady{Millis{10}}, noon + Millis{20000}}) == Millis{40000});
  CHECK(time_left(deadline, {"b", Clock::Steady{Millis{10}}, noon + day}) == Millis{0});
}
