// The real component drivers in simulated guests.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "descriptors/base/digest.hpp"
#include "drivers/component_driver.hpp"
#include "tests/drivers/contract/support.hpp"
#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;
using contract::value_of;

namespace {

constexpr const char* kStage = "/var/tmp/moult-r1/stage";

/// The notes appliance with payload files, and an archive beside the packages.
struct Bench {
  Bench()
      : options(notes_options()),
        folder((std::filesystem::temp_directory_path() / ("moult-sim-" + std::to_string(::getpid()))).string()) {
    std::filesystem::create_directories(folder + "/help");
    std::ofstream(folder + "/help/VERSION") << "1.1.0\n";
    REQUIRE(std::system(("tar -C " + folder + "/help -cf " + folder + "/help.tar .").c_str()) == 0);
    std::ofstream(folder + "/notes-api_2.0.0_amd64.deb") << "a package";
    auto& maintenance = options.maintenance;
    maintenance.directory = folder;
    Component help;
    help.name = "help";
    help.machine = "app";
    help.level = {"1.1.0", ">=1.0.0", Scheme::semver, {}};
    help.detect.kind = help.update.kind = DriverKind::archive;
    help.detect.file = "/opt/help/VERSION";
    help.update.archive = "help.tar";
    help.update.unpack_to = "/opt/help";
    help.check.kind = CheckKind::http;
    help.check.port = 80;
    help.check.contains = "Help 1.1.0";
    help.check.timeout = Millis{50};
    maintenance.components.push_back(help);
    for (const char* name : {"help.tar", "notes-api_2.0.0_amd64.deb"}) {
      const auto digest = value_of(digest_file(folder + "/" + name));
      maintenance.payload.push_back({name, digest.sha256, digest.size, {}});
    }
    platform = value_of(make_sim_platform(options));
    session = value_of(platform->guests().session(kRun, machines_of(options)[1], Millis{1000}));
    web = value_of(platform->guests().session(kRun, machines_of(options)[0], Millis{1000}));
  }
  ~Bench() { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::unique_ptr<ComponentDriver> driver(const char* name) const {
    return make_component_driver(options.maintenance, *options.maintenance.find_component(name), platform->clock());
  }
  [[nodiscard]] GuestAccess& guest(const char* name) const {
    return options.maintenance.find_component(name)->machine == "web" ? web->access() : session->access();
  }
  [[nodiscard]] std::string level(const char* name) const {
    return value_of(driver(name)->detect(guest(name))).value_or("none");
  }

  SimOptions options;
  std::string folder;
  std::unique_ptr<SimPlatform> platform;
  std::unique_ptr<GuestSession> session, web;
};

}  // namespace

TEST_CASE("real component drivers find, stage and apply levels in a simulated guest") {
  struct Row {
    const char *component, *before, *after;
  };
  Bench bench;
  CHECK(check_payload(bench.options.maintenance));
  for (const auto& row :
       {Row{"notes-api", "1.0.0", "2.0.0"}, Row{"notes-ui", "1.0.0", "2.0.0"}, Row{"help", "1.0.0", "1.1.0"}}) {
    INFO(row.component);
    CHECK(bench.level(row.component) == row.before);
    const auto driver = bench.driver(row.component);
    for (int i = 0; i < 2; ++i) {
      REQUIRE_GOOD(driver->stage(bench.guest(row.component), kStage));
      REQUIRE_GOOD(driver->apply(bench.guest(row.component), kStage));
    }
    CHECK(bench.level(row.component) == row.after);
  }
  CHECK(bench.level("proxy") == "1.22.1");
}

TEST_CASE("an archive goes back to its old level in a simulated guest") {
  Bench bench;
  const auto driver = bench.driver("help");
  REQUIRE_GOOD(driver->stage(bench.session->access(), kStage));
  REQUIRE_GOOD(driver->apply(bench.session->access(), kStage));
  REQUIRE_GOOD(driver->revert(bench.session->access(), kStage));
  CHECK(bench.level("help") == "1.0.0");
}

TEST_CASE("a check in a simulated guest is good at the target level, and only while services run") {
  Bench bench;
  const auto& check = bench.options.maintenance.find_component("help")->check;
  CHECK_FALSE(run_check(check, bench.session->access(), bench.platform->clock()));
  const auto driver = bench.driver("help");
  REQUIRE_GOOD(driver->stage(bench.session->access(), kStage));
  REQUIRE_GOOD(driver->apply(bench.session->access(), kStage));
  REQUIRE_GOOD(run_check(check, bench.session->access(), bench.platform->clock()));
  contract::must_run(bench.session->access(), {"systemctl", "stop", "help.service"});
  CHECK_FALSE(run_check(check, bench.session->access(), bench.platform->clock()));
  contract::must_run(bench.session->access(), {"systemctl", "start", "help"});
  REQUIRE_GOOD(run_check(check, bench.session->access(), bench.platform->clock()));
}

TEST_CASE("an update that fails leaves the old level in a simulated guest") {
  Bench bench;
  sim::FaultPlan plan;
  bench.platform->world().faults().set(plan.with(sim::FaultKind::fail_command, "run", 0));
  CHECK_FALSE(bench.driver("notes-ui")->apply(bench.web->access(), kStage));
  bench.platform->world().faults().set({});
  CHECK(bench.level("notes-ui") == "1.0.0");
}
