// Runs of an appliance whose data set is a disk that changes hands.
#include <unistd.h>

#include <filesystem>

#include "handed_disk.hpp"

using namespace moult;
using namespace moult::test;

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

TEST_CASE("what converting a whole disk took is in the forecast, though the clone's is converted by then",
          "[handover]") {
  const auto forecast = [](bool converts) {
    auto options = with_disk(2);
    if (!converts) options.maintenance.components.front().data.front().migrate.clear();
    options.faults.rules.push_back({sim::FaultKind::slow, "run", 0, {}, Millis{1'000}});  // each command in a guest
    auto rehearsal = patient();
    rehearsal.rehearse = true;
    SimRun run(options, rehearsal);
    const auto end = run.go();
    INFO(text_of(end));
    REQUIRE(end);
    return end->forecast.value();
  };
  // Once when the component was updated, and once for what was lent again. What else the forecast counts differs by
  // less than that.
  CHECK(forecast(true) - forecast(false) >= Millis{1'500});
}

TEST_CASE("what converting a whole disk took is in the forecast of a process that takes the run up, too",
          "[handover]") {
  const auto folder = std::filesystem::temp_directory_path() / ("moult-converted-" + std::to_string(::getpid()));
  const auto forecast = [&folder](bool converts) {
    std::filesystem::create_directories(folder);
    auto options = with_disk(2);
    if (!converts) options.maintenance.components.front().data.front().migrate.clear();
    options.faults.rules.push_back({sim::FaultKind::slow, "run", 0, {}, Millis{1'000}});  // each command in a guest
    auto rehearsal = patient();
    rehearsal.rehearse = true;
    SimRun run(options, rehearsal, folder);
    run.on_state([](RunState entered) {
      if (entered == RunState::converging) throw Killed{};
    });
    CHECK_FALSE(lives(run, [&run] { return run.go(); }));
    const auto end = run.again(&Conductor::resume);  // by now converting what is converted takes no time
    INFO(text_of(end));
    REQUIRE(end);
    std::filesystem::remove_all(folder);
    return end->forecast.value();
  };
  CHECK(forecast(true) - forecast(false) >= Millis{700});
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

TEST_CASE("a disk that is not the one that is mounted is seen on the clone, before anybody waits", "[handover]") {
  auto options = with_disk(8);
  options.maintenance.components.front().data.front().handover.disk = "vdc";
  SimRun run(options, patient());
  for (auto& disk : run.world().find(kApp)->disks) {  // of one size, so no plan can tell them apart
    disk.mounted = disk.target == "vdb";
    disk.mount = disk.mounted ? "/var/lib/notes" : "";
  }
  const auto before = run.world().inventory(false);
  const auto end = run.go();
  REQUIRE_FALSE(end);
  INFO(text_of(end));
  CHECK(end.error().code == Code::refused);
  CHECK(end.error().message.find("that is another disk") != std::string::npos);
  CHECK(run.state() == RunState::aborted);
  CHECK(run.world().inventory(false) == before);
  CHECK(run.world().accounts().failed == 0);
  serves_whole(run);
}
