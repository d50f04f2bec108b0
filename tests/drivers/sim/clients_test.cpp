#include "catch.hpp"
#include "tests/drivers/contract/support.hpp"
#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;
using contract::value_of;

namespace {

std::unique_ptr<SimPlatform> busy(std::uint64_t seed, EntryKind entry = EntryKind::haproxy) {
  auto options = notes_options(seed);
  options.think = Millis{40};
  options.clients = 5;
  options.appliance.entry.kind = entry;
  return value_of(make_sim_platform(options));
}

MachineRef app() { return machines_of(notes_options())[1]; }

}  // namespace

TEST_CASE("every request is accounted for: answered, failed, or still under way") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto platform = busy(seed);
    platform->clock().sleep(Millis{20'000});
    const auto& accounts = platform->world().accounts();
    const auto done = accounts.writes_acknowledged + accounts.reads + accounts.failed;
    CHECK(accounts.requests == done + platform->world().in_flight());
    CHECK(accounts.writes_acknowledged > 500);
    CHECK(accounts.reads > 100);
    CHECK(accounts.failed == 0);
    CHECK(accounts.longest_wait < 10'000);
    platform->world().check_notes();
    CHECK(platform->world().violations().empty());
  }
}

TEST_CASE("clients create, revise and delete, and the disk shows what was acknowledged") {
  const auto platform = busy(3);
  platform->clock().sleep(Millis{20'000});
  auto& world = platform->world();
  const auto& files = world.tree(*world.find(app()));
  int revised = 0, deleted = 0;
  for (const auto& note : world.notes()) {
    revised += note.acknowledged > 1 && note.deleted_at == 0;
    deleted += note.deleted_at != 0 && note.acknowledged >= note.deleted_at;
    if (note.acknowledged != 0 && note.deleted_at == 0) CHECK(files.count(world.note_path(note)) == 1);
  }
  CHECK(revised > 10);
  CHECK(deleted > 5);
}

TEST_CASE("a note that is lost, old or back from the dead is a violation") {
  for (const int way : {0, 1, 2}) {
    const auto platform = busy(4);
    platform->clock().sleep(Millis{20'000});
    auto& world = platform->world();
    auto& domain = *world.find(app());
    for (const auto& note : world.notes()) {
      const bool gone = note.deleted_at != 0 && note.acknowledged >= note.deleted_at;
      const auto old = std::to_string(note.client) + "-" + std::to_string(note.number) + " r1\n";
      if (way == 0 && note.acknowledged != 0 && note.deleted_at == 0) world.erase(domain, world.note_path(note));
      if (way == 1 && note.acknowledged > 1 && note.deleted_at == 0)
        world.write(domain, world.note_path(note), {sim::FileNode::Kind::file, 0640, 0, 0, old});
      if (way == 2 && gone) world.write(domain, world.note_path(note), {sim::FileNode::Kind::file, 0640, 0, 0, old});
    }
    world.check_notes();
    INFO("way " << way);
    REQUIRE_FALSE(world.violations().empty());
    CHECK(world.violations().front().invariant == "I2");
  }
}

TEST_CASE("requests wait while held and none fails; the longest wait is the hold's") {
  const auto platform = busy(5);
  const auto entry = value_of(platform->entry({}));
  platform->clock().sleep(Millis{1000});
  REQUIRE_GOOD(entry->hold(Millis{30'000}));
  REQUIRE_GOOD(entry->drain(Millis{5000}));
  const auto before = platform->world().accounts();
  platform->clock().sleep(Millis{3000});
  const auto held = platform->world().accounts();
  CHECK(held.writes_acknowledged == before.writes_acknowledged);
  CHECK(held.reads == before.reads);
  REQUIRE_GOOD(entry->release());
  platform->clock().sleep(Millis{1000});
  const auto after = platform->world().accounts();
  CHECK(after.failed == 0);
  CHECK(after.writes_acknowledged > held.writes_acknowledged);
  CHECK(after.longest_wait > 2'500'000);
  CHECK(after.longest_wait < 3'100'000);
}

TEST_CASE("a frozen guest acknowledges no write until it thaws, by itself at the latest") {
  const auto platform = busy(6, EntryKind::none);
  const auto session = value_of(platform->guests().session(kRun, app(), Millis{1000}));
  platform->clock().sleep(Millis{1000});
  (void)value_of(session->files().freeze({}, Millis{2000}));
  platform->clock().sleep(Millis{100});
  const auto before = platform->world().accounts();
  platform->clock().sleep(Millis{1500});
  CHECK(platform->world().accounts().writes_acknowledged == before.writes_acknowledged);
  platform->clock().sleep(Millis{1000});
  CHECK(platform->world().accounts().writes_acknowledged > before.writes_acknowledged);
  CHECK(platform->world().accounts().failed == 0);
}

TEST_CASE("clients of an isolated or stopped machine get errors, try again and lose nothing") {
  const auto platform = busy(7);
  REQUIRE_GOOD(platform->network().create(kRun, app().uri));
  platform->clock().sleep(Millis{1000});
  REQUIRE_GOOD(platform->network().move(kRun, app(), app(), Side::sealed));
  CHECK_FALSE(platform->world().serves());
  CHECK(platform->world().serving("app") == nullptr);
  platform->clock().sleep(Millis{1000});
  CHECK(platform->world().accounts().failed > 0);
  REQUIRE_GOOD(platform->network().move(kRun, app(), app(), Side::production));
  REQUIRE_GOOD(platform->lifecycle().stop(app(), Millis{1000}));
  REQUIRE_GOOD(platform->lifecycle().start(app()));
  platform->clock().sleep(Millis{10'000});
  const auto before = platform->world().accounts();
  platform->clock().sleep(Millis{2000});
  CHECK(platform->world().accounts().failed == before.failed);
  CHECK(platform->world().accounts().writes_acknowledged > before.writes_acknowledged);
  platform->world().check_notes();
  CHECK(platform->world().violations().empty());
}
