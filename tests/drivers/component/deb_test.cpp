// Real dpkg, on a root of its own.
#include <fstream>

#include "catch.hpp"
#include "drivers/component_driver.hpp"
#include "host_access.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

std::string build_deb(const Scratch& scratch, const std::string& name, const std::string& version,
                      const std::string& depends = {}) {
  const std::string tree = "build/" + name + "-" + version;
  scratch.write(tree + "/DEBIAN/control", "Package: " + name + "\nVersion: " + version +
                                              "\nArchitecture: all\nMaintainer: Test <test@example.org>\n" +
                                              (depends.empty() ? "" : "Depends: " + depends + "\n") +
                                              "Description: a package for a test\n");
  scratch.write(tree + "/DEBIAN/conffiles", "/etc/" + name + ".conf\n");
  scratch.write(tree + "/etc/" + name + ".conf", "level " + version + "\n");
  scratch.write(tree + "/usr/share/" + name + "/level", version + "\n");
  const std::string file = name + "_" + version + "_all.deb";
  shell_out({"dpkg-deb", "--root-owner-group", "--build", scratch.path(tree), scratch.path(file)});
  return file;
}

Component deb_component(std::vector<std::string> packages) {
  Component component;
  component.level = {"2.0.0", "", Scheme::deb, {}};
  component.detect.kind = DriverKind::deb;
  component.detect.package = "notes-api";
  component.update.kind = DriverKind::deb;
  component.update.packages = std::move(packages);
  component.update.timeout = 30s;
  return component;
}

}  // namespace

TEST_CASE("packages are staged, installed and upgraded, and a changed conffile is kept without a question") {
  Scratch scratch;
  HostAccess guest(scratch);
  for (const char* version : {"1.0.0", "2.0.0"}) {
    const auto file = build_deb(scratch, "notes-api", version);
    const auto descriptor = descriptor_with(scratch, deb_component({file}), {file});
    auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
    REQUIRE(driver->stage(guest, scratch.path("stage")));
    REQUIRE(driver->stage(guest, scratch.path("stage")));
    const auto applied = driver->apply(guest, scratch.path("stage"));
    INFO((applied ? "" : applied.error().describe()));
    REQUIRE(applied);
    CHECK(driver->detect(guest)->value_or("") == version);
    if (std::string(version) == "1.0.0") scratch.write("dpkg/etc/notes-api.conf", "mine\n");
  }
  CHECK(scratch.read("dpkg/etc/notes-api.conf") == "mine\n");
  CHECK(scratch.read("dpkg/usr/share/notes-api/level") == "2.0.0\n");
}

TEST_CASE("packages of one component may depend on each other in any order") {
  Scratch scratch;
  HostAccess guest(scratch);
  const auto api = build_deb(scratch, "notes-api", "2.0.0", "notes-common (>= 2.0.0)");
  const auto common = build_deb(scratch, "notes-common", "2.0.0");
  const auto descriptor = descriptor_with(scratch, deb_component({api, common}), {api, common});
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  CHECK(driver->detect(guest)->value_or("") == "2.0.0");
}

TEST_CASE("a dependency that is not there is named, and the package is seen as half installed") {
  Scratch scratch;
  HostAccess guest(scratch);
  const auto api = build_deb(scratch, "notes-api", "2.0.0", "libmissing (>= 3)");
  const auto descriptor = descriptor_with(scratch, deb_component({api}), {api});
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  const auto applied = driver->apply(guest, scratch.path("stage"));
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == Code::failed);
  CHECK(applied.error().message.find("notes-api depends on libmissing (>= 3)") != std::string::npos);
  CHECK(applied.error().message.find("libmissing is not installed") != std::string::npos);
  CHECK(applied.error().remedy.find("update.deb") != std::string::npos);
  CHECK_FALSE(driver->detect(guest));
}

TEST_CASE("a file that is no package fails with dpkg's own words") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("broken.deb", "this is not a package");
  const auto descriptor = descriptor_with(scratch, deb_component({"broken.deb"}), {"broken.deb"});
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  const auto applied = driver->apply(guest, scratch.path("stage"));
  REQUIRE_FALSE(applied);
  INFO(applied.error().message);
  CHECK(applied.error().message.find("broken.deb") != std::string::npos);
  CHECK(applied.error().message.find("archive") != std::string::npos);
}

TEST_CASE("units are stopped before and started after, quietly") {
  Scratch scratch;
  HostAccess guest(scratch);
  const auto api = build_deb(scratch, "notes-api", "2.0.0");
  auto component = deb_component({api});
  component.update.stop = {"notes-api.service", "notes-worker.service"};
  component.update.start = {"notes-api.service"};
  const auto descriptor = descriptor_with(scratch, component, {api});
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  guest.ran.clear();
  guest.commands.clear();
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  REQUIRE(guest.ran.size() == 3);
  CHECK(guest.ran[0] == Argv{"systemctl", "stop", "notes-api.service", "notes-worker.service"});
  CHECK(guest.ran[1].front() == "dpkg");
  CHECK(guest.ran[2] == Argv{"systemctl", "start", "notes-api.service"});
  CHECK(guest.commands[1].env.at("DEBIAN_FRONTEND") == "noninteractive");
}

TEST_CASE("a lock held by another package tool is waited for") {
  Scratch scratch;
  HostAccess guest(scratch);
  const auto api = build_deb(scratch, "notes-api", "2.0.0");
  const auto descriptor = descriptor_with(scratch, deb_component({api}), {api});
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  for (int i = 0; i < 2; ++i)
    guest.answers.push_back(
        Outcome{2, "", "dpkg: error: dpkg frontend lock was locked by another process with pid 7\n", false});
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  CHECK(driver->detect(guest)->value_or("") == "2.0.0");
  CHECK(guest.clock.pauses == std::vector<Millis>{500ms, 500ms});
}

TEST_CASE("a lock that stays held ends with the timeout and dpkg's words") {
  Scratch scratch;
  HostAccess guest(scratch);
  auto component = deb_component({});
  component.update.timeout = 60s;
  const auto descriptor = descriptor_with(scratch, component, {});
  for (int i = 0; i < 200; ++i)
    guest.answers.push_back(Outcome{2, "", "dpkg frontend lock was locked by another process\n", false});
  const auto applied =
      make_component_driver(descriptor, descriptor.components.front(), guest.clock)->apply(guest, "/nowhere");
  REQUIRE_FALSE(applied);
  CHECK(applied.error().message.find("locked by another process") != std::string::npos);
  CHECK(guest.clock.steady() > 59s);
  CHECK(guest.clock.steady() <= 60s);
}

TEST_CASE("a package is not taken back: the refusal says what happens instead") {
  Scratch scratch;
  HostAccess guest(scratch);
  const auto descriptor = descriptor_with(scratch, deb_component({}), {});
  const auto reverted =
      make_component_driver(descriptor, descriptor.components.front(), guest.clock)->revert(guest, "/nowhere");
  REQUIRE_FALSE(reverted);
  CHECK(reverted.error().code == Code::refused);
  CHECK(reverted.error().remedy.find("clone is thrown away") != std::string::npos);
}
