#include "catch.hpp"
#include "drivers/component_driver.hpp"
#include "host_access.hpp"
#include "tar_builder.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

/// A component in SCRATCH/opt/app, whose archive brings LEVEL with this level.
MaintenanceDescriptor app_at(const Scratch& scratch, const std::string& level) {
  scratch.write("app.tar", TarBuilder().file("LEVEL", level + "\n").file("bin/app", "app " + level, 0755).finish());
  shell_out({"gzip", "-kf", scratch.path("app.tar")});
  Component component;
  component.level = {level, "", Scheme::semver, {}};
  component.detect.kind = DriverKind::archive;
  component.detect.file = scratch.path("opt/app/LEVEL");
  component.update.kind = DriverKind::archive;
  component.update.archive = "app.tar.gz";
  component.update.unpack_to = scratch.path("opt/app");
  component.update.timeout = 30s;
  return descriptor_with(scratch, component, {"app.tar.gz"});
}

}  // namespace

TEST_CASE("an archive replaces its directory whole, keeps the old one, and goes back to it") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("opt/app/LEVEL", "1.0.0\n");
  scratch.write("opt/app/stale", "gone in 2.0.0");
  const auto descriptor = app_at(scratch, "2.0.0");
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  CHECK(driver->detect(guest)->value_or("") == "1.0.0");
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  CHECK(driver->detect(guest)->value_or("") == "2.0.0");
  CHECK_FALSE(scratch.has("opt/app/stale"));
  CHECK_FALSE(scratch.has("opt/app.moult-new"));
  CHECK(shell_out({"stat", "-c", "%a %u", scratch.path("opt/app/bin/app")}) == "755 0\n");

  SECTION("applied again, what is kept is still the level from before") {
    REQUIRE(driver->apply(guest, scratch.path("stage")));
    CHECK(scratch.read("opt/app.moult-old/LEVEL") == "1.0.0\n");
  }
  REQUIRE(driver->revert(guest, scratch.path("stage")));
  CHECK(driver->detect(guest)->value_or("") == "1.0.0");
  CHECK(scratch.has("opt/app/stale"));
  CHECK_FALSE(scratch.has("opt/app.moult-old"));
  CHECK(driver->revert(guest, scratch.path("stage")).error().code == Code::refused);
}

TEST_CASE("when the way back is given up, nothing of it stays in the guest") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("opt/app/LEVEL", "1.0.0\n");
  const auto descriptor = app_at(scratch, "2.0.0");
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  REQUIRE(scratch.has("opt/app.moult-old"));
  REQUIRE(driver->forget(guest));
  REQUIRE(driver->forget(guest));
  CHECK_FALSE(scratch.has("opt/app.moult-old"));
  CHECK(driver->detect(guest)->value_or("") == "2.0.0");
}

TEST_CASE("an update that was cut off between the two renames is completed by the next try") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("opt/app.moult-old/LEVEL", "1.0.0\n");
  scratch.write("opt/app.moult-new/half", "");
  const auto descriptor = app_at(scratch, "2.0.0");
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  CHECK(driver->detect(guest)->value_or("") == "2.0.0");
  CHECK_FALSE(scratch.has("opt/app/half"));
  CHECK(scratch.read("opt/app.moult-old/LEVEL") == "1.0.0\n");
}

TEST_CASE("a component that was not there yet is installed, its directories too") {
  Scratch scratch;
  HostAccess guest(scratch);
  const auto descriptor = app_at(scratch, "2.0.0");
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  CHECK_FALSE(driver->detect(guest)->has_value());
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  CHECK(driver->detect(guest)->value_or("") == "2.0.0");
}

TEST_CASE("a failing unpack leaves the old level in its place") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("opt/app/LEVEL", "1.0.0\n");
  const auto descriptor = app_at(scratch, "2.0.0");
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  scratch.write("stage/app.tar.gz", "damaged on its way");
  const auto applied = driver->apply(guest, scratch.path("stage"));
  REQUIRE_FALSE(applied);
  CHECK(applied.error().describe().find("component notes-api: tar -x") == 0);
  CHECK(driver->detect(guest)->value_or("") == "1.0.0");
}

TEST_CASE("a hostile archive is refused before anything reaches the guest") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("app.tar", TarBuilder().file("../evil", "x").finish());
  auto descriptor = app_at(scratch, "2.0.0");
  scratch.write("app.tar.gz", TarBuilder().file("../evil", "x").finish());
  descriptor = descriptor_with(scratch, descriptor.components.front(), {"app.tar.gz"});
  CHECK(check_payload(descriptor).error().message.find("leads out") != std::string::npos);
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  CHECK_FALSE(driver->stage(guest, scratch.path("stage")));
  CHECK(guest.ran.empty());
}

TEST_CASE("a directory of the system is never replaced") {
  Scratch scratch;
  HostAccess guest(scratch);
  auto descriptor = app_at(scratch, "2.0.0");
  descriptor.components.front().update.unpack_to = GENERATE("/", "/opt", "/opt/", "//usr/", "/opt/x/..");
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  CHECK(driver->apply(guest, scratch.path("stage")).error().code == Code::invalid);
  CHECK(driver->revert(guest, scratch.path("stage")).error().code == Code::invalid);
  CHECK(guest.ran.empty());
}
