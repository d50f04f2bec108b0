// Processes that die while a disk changes hands, and those that take their runs up.
#include "handed_disk.hpp"
#include "tests/sim/fleet.hpp"

using namespace moult;
using namespace moult::test;

TEST_CASE("from a death at any call of a hand-over the run is taken up, and one side serves with the disk",
          "[handover]") {
  const auto call = GENERATE("take_out", "put_in", "make_image", "disk_held", "disk_owner", "move", "run");
  const auto kind = GENERATE(sim::FaultKind::kill_before, sim::FaultKind::kill_after);
  const auto nth = GENERATE(1U, 2U, 3U, 5U, 8U, 13U);
  const bool back = GENERATE(false, true);
  CAPTURE(call, sim::name_of(kind), nth, back);
  SimRun run(with_disk(11), patient());
  const auto plan = sim::FaultPlan{}.with(kind, call, nth);
  if (back) {
    const auto there = run.go();
    INFO(text_of(there));
    REQUIRE(there);
    run.serve_for(3);
    run.world().faults().set(plan);
    (void)run.again(&Conductor::roll_back);
  } else {
    run.on_state([&](RunState entered) {
      if (entered == RunState::cutting_over) run.world().faults().set(plan);
    });
    (void)run.go();
  }
  run.world().faults().set({});
  run.on_state({});
  const auto end = is_over(run.state()) ? Result<RunEnd>(RunEnd{}) : run.again(&Conductor::resume);
  INFO(text_of(end));
  CHECK(end);
  run.serve_for(10);
  CHECK(run.world().serves());
  CHECK(run.violations() == "");
}

TEST_CASE("an upgrade with a disk that dies at any call is taken up, and ends as if nothing had been", "[handover]") {
  for (const auto when : {sim::FaultKind::kill_before, sim::FaultKind::kill_after}) {
    unsigned deaths = 0;
    for (unsigned call = 1;; ++call) {
      auto options = with_disk(call);
      options.faults = deadly(sim::FaultPlan{}.with(when, "", call));
      SimRun run(options, patient());
      if (lives(run, [&] { return run.go(); })) break;
      if (!run.begun()) continue;
      ++deaths;
      run.serve_for(static_cast<int>(call % 3) * 50);  // also longer than any lease
      const auto end = run.again(&Conductor::resume);
      INFO("killed at call " << call << " " << text_of(end));
      REQUIRE(end);
      CHECK(run.state() == RunState::confirming);
      CHECK(held(run, DiskSide::clone) == DiskImage::handed);
      serves_whole(run);
    }
    CHECK(deaths > 100);
  }
}

TEST_CASE("a rollback with a disk that dies at any call is taken up, and leaves the world as it was", "[handover]") {
  const bool one_way = GENERATE(false, true);
  for (const auto when : {sim::FaultKind::kill_before, sim::FaultKind::kill_after}) {
    unsigned deaths = 0;
    for (unsigned call = 1;; ++call) {
      SimRun run(one_way ? with_snapshot(call) : with_disk(call), with_losses());
      const auto before = run.world().inventory(false);
      REQUIRE(run.go());
      run.serve_for(5);
      run.world().faults().set(deadly(sim::FaultPlan{}.with(when, "", call)));
      const auto word = one_way ? &Conductor::roll_back_one_way : &Conductor::roll_back;
      if (lives(run, [&] { return run.again(word); })) break;
      ++deaths;
      take_up(run);
      // Before its first effect a rollback is not begun, and nobody takes it up.
      if (run.state() == RunState::confirming) REQUIRE(run.again(word));
      INFO("killed at call " << call << (one_way ? ", one way" : ""));
      CHECK(run.state() == RunState::rolled_back);
      CHECK(run.world().inventory(false) == before);
      run.serve_for(5);
      CHECK(run.world().serves());
      const auto broken = run.violations();
      if (!one_way) CHECK(broken == "");
      for (const char* promise : {"I1: ", "I4: ", "I5: "}) CHECK(broken.find(promise) == std::string::npos);
    }
    CHECK(deaths > 40);
  }
}

TEST_CASE("from a death at any call of a cutover that is given up behind its switch one side serves with the disk",
          "[handover]") {
  for (const auto when : {sim::FaultKind::kill_before, sim::FaultKind::kill_after}) {
    unsigned deaths = 0;
    for (unsigned call = 1;; ++call) {
      SimRun run(without_hold(call), patient());
      const auto before = run.world().inventory(false);
      meet_in_cutover(run, deadly(sim::FaultPlan{}.with(sim::FaultKind::refuse, "move", 4).with(when, "", call)));
      if (lives(run, [&] { return run.go(); })) break;
      ++deaths;
      INFO("killed at call " << call);
      take_up(run);
      serves_whole(run);
      if (run.state() != RunState::confirming) continue;
      CHECK(held(run, DiskSide::clone) == DiskImage::handed);
      const auto back = run.again(&Conductor::roll_back);
      INFO(text_of(back));
      REQUIRE(back);
      CHECK(run.world().inventory(false) == before);
      serves_whole(run);
    }
    CHECK(deaths > 60);
  }
}

TEST_CASE("a switch that is written down and not made, and a death soon after, leave the disk with who served",
          "[handover]") {
  const bool back = GENERATE(false, true);
  const auto kind = GENERATE(sim::FaultKind::half_way, sim::FaultKind::lose_answer, sim::FaultKind::refuse);
  const auto after = GENERATE(0U, 1U, 2U);  // the write that a rule strikes is not one of the next rule
  unsigned deaths = 0;
  for (unsigned write = 1; write <= 30; ++write) {
    CAPTURE(back, sim::name_of(kind), write, after);
    SimRun run(with_disk(write), patient());
    run.journal_in_world();
    const auto plan = deadly(
        sim::FaultPlan{}.with(kind, "journal", write).with(sim::FaultKind::kill_before, "journal", write + after));
    if (back) {
      REQUIRE(run.go());
      run.serve_for(5);
      run.world().faults().set(plan);
    } else {
      meet_in_cutover(run, plan);
    }
    const bool alive = lives(run, [&] { return back ? run.again(&Conductor::roll_back) : run.go(); });
    deaths += alive ? 0 : 1;
    take_up(run);
    serves_whole(run);
  }
  CHECK(deaths > 5);
}

TEST_CASE("an original without its disk stays off the network until it has it again", "[handover]") {
  SimRun run(with_disk(12), patient());
  const auto before = run.world().inventory(false);
  meet_in_cutover(run, deadly(sim::FaultPlan{}.with(sim::FaultKind::kill_after, "take_out", 2)));  // the clone's first
  REQUIRE_FALSE(lives(run, [&] { return run.go(); }));
  CHECK(held(run, DiskSide::original) == std::nullopt);
  run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::refuse, "put_in", 0));
  REQUIRE_FALSE(run.again(&Conductor::abort));
  const auto side = run.platform().network().where("r1", kApp);
  REQUIRE(side);
  CHECK(*side == Side::sealed);
  run.world().faults().set({});
  const auto end = run.again(&Conductor::abort);
  INFO(text_of(end));
  REQUIRE(end);
  CHECK(run.state() == RunState::aborted);
  CHECK(run.world().inventory(false) == before);
  serves_whole(run);
}

TEST_CASE("a switch that is written down and not made is not made whole once the disk was given back", "[handover]") {
  unsigned deaths = 0;
  for (unsigned write = 1; write <= 30; ++write) {
    SimRun run(with_disk(write), patient());
    run.journal_in_world();
    constexpr unsigned kBackInProduction = 5;  // of the cutover's moves: two seal, two withdraw
    meet_in_cutover(run, deadly(sim::FaultPlan{}
                                    .with(sim::FaultKind::lose_answer, "journal", write)
                                    .with(sim::FaultKind::kill_before, "move", kBackInProduction)));
    if (lives(run, [&] { return run.go(); })) continue;
    ++deaths;
    INFO("write " << write);
    take_up(run);
    serves_whole(run);
  }
  CHECK(deaths > 2);
}

TEST_CASE(
    "an original that starts anew after a rollback, and mounts nothing by itself, has its disk as clients left it",
    "[handover]") {
  auto options = with_disk(31);
  options.mounts_at_boot = false;
  const Desk desk;  // where each process finds how the disk is mounted
  SimRun run(options, patient(), desk.path());
  const auto before = run.world().inventory(false);
  REQUIRE(run.go());
  run.serve_for(5);
  const auto chain_restored = GENERATE(false, true);
  CAPTURE(chain_restored);
  if (chain_restored) {
    run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::refuse, "remove_networks"));
    REQUIRE_FALSE(run.again(&Conductor::roll_back));
    run.world().crash(*run.world().find(kApp));
  } else {
    run.on_part([&run](std::string_view part, double) {
      if (part == "release") run.world().crash(*run.world().find(kApp));
    });
  }
  const auto end = run.again(&Conductor::roll_back);
  INFO(text_of(end));
  CHECK(run.state() == RunState::rolled_back);
  run.world().mount(*run.world().find(kApp), kDisk.target);
  CHECK(run.world().inventory(false) == before);
  serves_whole(run);
}
