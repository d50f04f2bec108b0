#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "catch.hpp"
#include "tests/drivers/contract/support.hpp"
#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;
using contract::code_of;
using contract::value_of;

namespace {

/// A directory for one world file, gone with the test.
struct Folder {
  Folder() : path((std::filesystem::temp_directory_path() / ("moult-world-" + std::to_string(::getpid()))).string()) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] SimOptions options(std::uint64_t seed = 1) const {
    auto options = notes_options(seed);
    options.world_file = path + "/world.json";
    return options;
  }
  std::string path;
};

MachineRef app() { return machines_of(notes_options())[1]; }

}  // namespace

TEST_CASE("a second process goes on in the world that the first one left") {
  const Folder folder;
  std::string inventory;
  std::uint64_t written = 0;
  {
    const auto first = value_of(make_sim_platform(folder.options()));
    const auto session = value_of(first->guests().session(kRun, app(), Millis{1000}));
    REQUIRE_GOOD(session->files().start_capture({notes_set()}));
    REQUIRE_GOOD(first->network().create(kRun, app().uri));
    REQUIRE_GOOD(first->cloner().prepare(kRun, app()));
    REQUIRE_GOOD(first->cloner().snapshot(kRun, app()));
    REQUIRE_GOOD(first->cloner().create_clone(kRun, app()));
    contract::put_text(session->access(), "/var/tmp/long", std::string(100'000, '\xff'));
    for (int i = 0; i < 100; ++i) first->clock().sleep(Millis{100});
    inventory = first->world().inventory();
    written = first->world().accounts().writes_acknowledged;
  }
  CHECK(written > 0);
  const auto second = value_of(make_sim_platform(folder.options(99)));
  CHECK(second->world().inventory() == inventory);
  CHECK(second->world().accounts().writes_acknowledged == written);
  CHECK(value_of(second->cloner().probe_clone(kRun, app())) == Presence::present);
  const auto session = value_of(second->guests().session(kRun, app(), Millis{1000}));
  CHECK(value_of(session->files().pending(notes_set().name)).paths > 0);
  CHECK((contract::get_text(session->access(), "/var/tmp/long") == std::string(100'000, '\xff')));
  second->clock().sleep(Millis{3000});
  CHECK(second->world().accounts().writes_acknowledged > written);
  second->world().check_notes();
  CHECK(second->world().violations().empty());
}

TEST_CASE("two processes that act in turn see each other's acts") {
  const Folder folder;
  const auto one = value_of(make_sim_platform(folder.options()));
  const auto other = value_of(make_sim_platform(folder.options()));
  REQUIRE_GOOD(one->cloner().prepare(kRun, app()));
  CHECK(value_of(other->cloner().probe_snapshot(kRun, app())) == Presence::partial);
  REQUIRE_GOOD(other->cloner().snapshot(kRun, app()));
  CHECK(value_of(one->cloner().probe_snapshot(kRun, app())) == Presence::present);
  const auto later = other->clock().steady();
  CHECK(one->clock().steady() >= later);
}

TEST_CASE("an upgrade in steps by two processes keeps every promise") {
  const Folder folder;
  const auto platform = value_of(make_sim_platform(folder.options(3)));
  const auto watcher = value_of(make_sim_platform(folder.options(3)));
  std::jthread watching([&watcher](const std::stop_token& stop) {
    while (!stop.stop_requested()) (void)watcher->lifecycle().inspect(app());
  });
  REQUIRE_GOOD(scripted_upgrade(*platform, folder.options(3)));
  watching.request_stop();
  watching.join();
  platform->clock().sleep(Millis{2000});
  platform->world().check_notes();
  CHECK(platform->world().violations().empty());
}

TEST_CASE("a file that is no world, or another appliance's, is refused") {
  const Folder folder;
  auto other = folder.options();
  other.appliance.id = "org.example.other";
  (void)value_of(make_sim_platform(folder.options()));
  CHECK(code_of(make_sim_platform(other)) == Code::invalid);
  std::ofstream(folder.options().world_file) << "{\"form\": 1, ";
  CHECK(code_of(make_sim_platform(folder.options())) == Code::invalid);
}
