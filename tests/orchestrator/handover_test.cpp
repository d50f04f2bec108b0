// Runs of an appliance whose data set is a disk that changes hands.
#include "catch.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using moult::test::SimRun;
using moult::test::two_machines;

namespace {

const MachineRef kApp{"app", "sim:///one", "notes-app"};
const HandedDisk kDisk{"r1", kApp, "vdb"};

SimOptions with_disk(std::uint64_t seed) {
  auto options = two_machines(seed);
  auto& data = options.maintenance.components.front().data.front();
  data.kind = DataKind::handover;
  data.conflict.clear();
  data.handover.disk = "vdb";
  return options;
}

RunOptions patient() {
  RunOptions options;
  options.max_stall = Millis{20'000};
  return options;
}

std::optional<DiskImage> held(SimRun& run, DiskSide side) {
  const auto image = run.platform().disks().held(kDisk, side);
  REQUIRE(image);
  return *image;
}

std::string text_of(const Result<RunEnd>& end) { return end ? "" : end.error().describe(); }

}  // namespace

TEST_CASE("a disk changes hands at the cutover, and the clone serves what clients wrote", "[handover]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SimRun run(with_disk(seed), patient());
    const auto end = run.go();
    INFO("seed " << seed << ": " << text_of(end));
    REQUIRE(end);
    CHECK(end->state == RunState::confirming);
    CHECK(held(run, DiskSide::original) == std::nullopt);
    CHECK(held(run, DiskSide::clone) == DiskImage::handed);
    const auto owner = run.platform().disks().owner(kDisk);
    REQUIRE(owner);
    CHECK(*owner == DiskOwner{1, DiskSide::clone, DiskImage::handed});
    run.serve_for(5);
    CHECK(run.violations() == "");
    CHECK(run.world().accounts().failed == 0);
  }
}

TEST_CASE("a rollback hands the disk back with what clients wrote to the clone", "[handover]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SimRun run(with_disk(seed), patient());
    const auto before = run.world().inventory(false);
    REQUIRE(run.go());
    run.serve_for(10);
    const auto end = run.again(&Conductor::roll_back);
    INFO("seed " << seed << ": " << text_of(end));
    REQUIRE(end);
    CHECK(run.world().inventory(false) == before);
    run.serve_for(5);
    CHECK(run.violations() == "");
    CHECK(run.world().accounts().failed == 0);
  }
}

TEST_CASE("finish leaves one machine with its disk, and nothing of the run", "[handover]") {
  SimRun run(with_disk(3), patient());
  REQUIRE(run.go());
  const auto end = run.again(&Conductor::finish);
  INFO(text_of(end));
  REQUIRE(end);
  run.serve_for(5);
  CHECK(run.violations() == "");
  CHECK(run.world().inventory(false).find(".moult-r1") == std::string::npos);
}

TEST_CASE("a disk of which a snapshot is kept comes back as it was handed over, when that is accepted", "[handover]") {
  auto options = with_disk(4);
  options.maintenance.components.front().data.front().handover.keeps_snapshot = true;
  auto accepted = patient();
  accepted.accept_one_way = true;
  SimRun run(options, accepted);
  const auto before = run.world().inventory(false);
  REQUIRE(run.go());
  const auto refused = run.again(&Conductor::roll_back);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  const auto end = run.again(&Conductor::roll_back_one_way);
  INFO(text_of(end));
  REQUIRE(end);
  CHECK(run.world().inventory(false) == before);
}

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
