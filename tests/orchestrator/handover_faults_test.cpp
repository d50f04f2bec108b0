// What fails while a disk changes hands.
#include <nlohmann/json.hpp>

#include "handed_disk.hpp"

using namespace moult;
using namespace moult::test;

TEST_CASE("whatever fails once in a hand-over, one side serves, has the disk, and nothing is lost", "[handover]") {
  const auto call = GENERATE("take_out", "put_in", "make_image", "disk_held", "disk_owner");
  const auto kind = GENERATE(sim::FaultKind::refuse, sim::FaultKind::lose_answer, sim::FaultKind::half_way,
                             sim::FaultKind::destroy_guest);
  const auto nth = GENERATE(1U, 2U, 3U, 4U, 5U);
  CAPTURE(call, sim::name_of(kind), nth);
  SimRun run(with_disk(7), patient());
  run.on_state([&](RunState entered) {
    if (entered == RunState::cutting_over) run.world().faults().set(sim::FaultPlan{}.with(kind, call, nth));
  });
  const auto end = run.go();
  INFO(text_of(end));
  if (!end && kind == sim::FaultKind::destroy_guest) return;  // by whom the original was ended, it is started again
  const bool clone = run.state() == RunState::confirming;
  CHECK((clone || run.state() == RunState::aborted || run.state() == RunState::rolled_back));
  run.serve_for(10);
  CHECK(run.world().serves());
  CHECK(run.violations() == "");
}

TEST_CASE("a switch that breaks off brings the disk back with all that clients wrote, and no second one is tried",
          "[handover]") {
  for (const unsigned move : {3U, 4U}) {  // of the switch's two
    SimRun run(without_hold(move), patient());
    const auto before = run.world().inventory(false);
    meet_in_cutover(run, sim::FaultPlan{}.with(sim::FaultKind::refuse, "move", move));
    const auto end = run.go();
    INFO(text_of(end));
    REQUIRE_FALSE(end);
    CHECK(end.error().message.find("goes on in the image handed") != std::string::npos);
    CHECK(run.state() == RunState::aborted);
    CHECK(run.world().inventory(false) == before);
    serves_whole(run);
  }
}

TEST_CASE("whichever write of the journal fails in a cutover, one side serves with the disk and all that was written",
          "[handover]") {
  for (unsigned nth = 1; nth <= 40; ++nth) {
    SimRun run(without_hold(nth), patient());
    run.journal_in_world();
    meet_in_cutover(run, sim::FaultPlan{}.with(sim::FaultKind::refuse, "journal", nth));
    const auto end = run.go();
    INFO("write " << nth << ": " << text_of(end));
    run.world().faults().set({});
    run.on_state({});
    if (!end) take_up(run);
    serves_whole(run);
  }
}

TEST_CASE("a way back to the disk as it was that is given up leaves the clone's disk as clients wrote it",
          "[handover]") {
  const auto call = GENERATE("take_out", "put_in", "make_image", "move", "run");
  const auto kind = GENERATE(sim::FaultKind::refuse, sim::FaultKind::lose_answer, sim::FaultKind::half_way);
  const auto nth = GENERATE(1U, 2U, 3U, 6U, 10U);
  CAPTURE(call, sim::name_of(kind), nth);
  SimRun run(with_snapshot(21), with_losses());
  REQUIRE(run.go());
  run.serve_for(5);
  run.world().faults().set(sim::FaultPlan{}.with(kind, call, nth));
  (void)run.again(&Conductor::roll_back_one_way);
  run.world().faults().set({});
  take_up(run);
  for (const char* promise : {"I1: ", "I4: ", "I5: "}) CHECK(run.violations().find(promise) == std::string::npos);
  run.world().forgive();  // an original that a switch had reached, before that broke off, lacked what it was to lack
  run.serve_for(10);
  CHECK(run.world().serves());
  if (run.state() != RunState::confirming) return;
  CHECK(held(run, DiskSide::clone) == DiskImage::handed);
  CHECK(run.violations() == "");
}

TEST_CASE("a removal that was asked for and not seen to end is ended before the disk is mounted again", "[handover]") {
  SimRun run(with_disk(9), patient());
  run.on_part([&run](std::string_view part, double) {
    if (part == "fence held") run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::lose_call, "take_out", 1));
  });
  const auto end = run.go();
  INFO(text_of(end));
  CHECK(run.world().faults().plan().rules.front().seen == 3);  // the original's, the clone's, the original's again
  CHECK(held(run, DiskSide::original) == DiskImage::own);
  serves_whole(run);
}

TEST_CASE("an owner whose helper does not answer is asked for its disk through the host's agent", "[handover]") {
  SimRun run(with_disk(9), patient());
  run.on_part([&run](std::string_view part, double) {
    if (part == "fence held")  // its `stop` hook comes first, then it is asked to unmount
      run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::lose_call, "run", 2, "app"));
  });
  const auto end = run.go();
  INFO(text_of(end));
  REQUIRE(end);
  CHECK(run.world().faults().plan().rules.front().seen > 2);
  CHECK(held(run, DiskSide::clone) == DiskImage::handed);
  serves_whole(run);
}

TEST_CASE("a side that is left and does not let go of the disk is powered off, and the other serves at once",
          "[handover]") {
  SimRun run(with_disk(9), patient());
  meet_in_cutover(
      run, sim::FaultPlan{}.with(sim::FaultKind::refuse, "move", 3).with(sim::FaultKind::refuse, "take_out", 3, "app"));
  const auto end = run.go();
  INFO(text_of(end));
  REQUIRE_FALSE(end);
  CHECK(run.world().faults().plan().rules.back().seen > 3);
  CHECK(end.error().message.find("giving the disks back") == std::string::npos);
  CHECK(held(run, DiskSide::original) == DiskImage::own);
  serves_whole(run);
}

TEST_CASE("an original is slowed no longer, also where its disk does not come back at once", "[handover][throttle]") {
  auto run_options = patient();
  run_options.throttle = 8192;
  SimRun run(with_disk(9), run_options);
  run.on_part([&run](std::string_view part, double) {
    if (part == "fence held")
      run.world().faults().set(deadly(sim::FaultPlan{}.with(sim::FaultKind::kill_after, "take_out")));
  });
  REQUIRE_FALSE(lives(run, [&] { return run.go(); }));
  auto& disks = run.platform().throttle();
  const auto before = disks.limits(kApp);
  REQUIRE(before);
  REQUIRE(run.store().journal().put_value("r1", "throttle.app",
                                          nlohmann::json{{"before", *before}, {"bytes_per_second", 8192}}.dump()));
  REQUIRE(disks.limit(kApp, 8192, *before));
  run.world().faults().set(sim::FaultPlan{}.with(sim::FaultKind::refuse, "put_in", 0));
  const auto end = run.again(&Conductor::abort);
  INFO(text_of(end));
  REQUIRE_FALSE(end);
  CHECK(*disks.limits(kApp) == *before);
  run.world().faults().set({});
  CHECK(run.again(&Conductor::abort));
  serves_whole(run);
}
