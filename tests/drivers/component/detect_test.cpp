#include "catch.hpp"
#include "drivers/component_driver.hpp"
#include "host_access.hpp"

using namespace moult;
using namespace moult::test;

namespace {

Component component_with(DriverKind kind) {
  Component component;
  component.level = {"2.0.0", "", Scheme::semver, {}};
  component.detect.kind = kind;
  component.detect.package = "notes-api";
  return component;
}

Result<std::optional<std::string>> detect(HostAccess& guest, Component component) {
  MaintenanceDescriptor descriptor;
  component.name = "notes-api";
  return make_component_driver(descriptor, component, guest.clock)->detect(guest);
}

}  // namespace

TEST_CASE("a package's state decides whether it has a level") {
  struct Row {
    const char* status;
    const char* found;  ///< "": not installed; "!": an error
  };
  const auto row =
      GENERATE(Row{"ii ", "1.2.0"}, Row{"hi ", "1.2.0"}, Row{"iW ", "1.2.0"}, Row{"it ", "1.2.0"}, Row{"rc ", ""},
               Row{"un ", ""}, Row{"iU ", "!"}, Row{"iF ", "!"}, Row{"iH ", "!"}, Row{"iiR", "!"});
  Scratch scratch;
  HostAccess guest(scratch);
  guest.answers.push_back(Outcome{0, std::string(row.status) + "\t1.2.0\n", "", false});
  const auto level = detect(guest, component_with(DriverKind::deb));
  INFO(row.status);
  if (std::string(row.found) == "!") {
    REQUIRE_FALSE(level);
    CHECK(level.error().describe().find("half installed") != std::string::npos);
    CHECK(level.error().remedy.find("dpkg --configure -a") != std::string::npos);
  } else {
    REQUIRE(level);
    CHECK(level->value_or("") == row.found);
  }
}

TEST_CASE("a package that dpkg does not know is not installed; a dpkg that fails is an error") {
  Scratch scratch;
  HostAccess guest(scratch);
  guest.answers.push_back(Outcome{1, "", "dpkg-query: no packages found matching notes-api\n", false});
  const auto none = detect(guest, component_with(DriverKind::deb));
  REQUIRE(none);
  CHECK_FALSE(none->has_value());
  guest.answers.push_back(Outcome{2, "", "dpkg-query: error: parsing file status\n", false});
  const auto broken = detect(guest, component_with(DriverKind::deb));
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("parsing file status") != std::string::npos);
}

TEST_CASE("one package for two architectures has a level when both agree") {
  Scratch scratch;
  HostAccess guest(scratch);
  guest.answers.push_back(Outcome{0, "ii \t1.2.0\nrc \t0.9.0\nii \t1.2.0\n", "", false});
  CHECK(detect(guest, component_with(DriverKind::deb))->value_or("") == "1.2.0");
  guest.answers.push_back(Outcome{0, "ii \t1.2.0\nii \t1.3.0\n", "", false});
  CHECK_FALSE(detect(guest, component_with(DriverKind::deb)));
}

TEST_CASE("a level file's first line is the level, trimmed; no file means not installed") {
  Scratch scratch;
  HostAccess guest(scratch);
  auto component = component_with(DriverKind::archive);
  component.detect.file = scratch.path("LEVEL");
  CHECK_FALSE(detect(guest, component)->has_value());
  scratch.write("LEVEL", "  1.4.2 \r\nbuilt on a Tuesday\n");
  CHECK(detect(guest, component)->value_or("") == "1.4.2");
  scratch.write("LEVEL", "\n1.4.2\n");
  CHECK_FALSE(detect(guest, component));
  scratch.write("LEVEL", std::string(100'000, '1'));
  CHECK_FALSE(detect(guest, component));
}

TEST_CASE("a command's first line is the level; nothing printed means not installed; a failure is an error") {
  Scratch scratch;
  HostAccess guest(scratch);
  auto component = component_with(DriverKind::command);
  component.detect.command = {"printf", "\\t3.0.1\\nmore\\n"};
  CHECK(detect(guest, component)->value_or("") == "3.0.1");
  component.detect.command = {"true"};
  CHECK_FALSE(detect(guest, component)->has_value());
  component.detect.command = {"sh", "-c", "echo no database >&2; exit 9"};
  const auto failed = detect(guest, component);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::failed);
  CHECK(failed.error().describe().find("component notes-api") == 0);
  CHECK(failed.error().message.find("no database") != std::string::npos);
}

TEST_CASE("a level that its scheme cannot read is an error with the component and what was printed") {
  Scratch scratch;
  HostAccess guest(scratch);
  auto component = component_with(DriverKind::command);
  component.detect.command = {"echo", "release \x1b[31mnine"};
  const auto level = detect(guest, component);
  REQUIRE_FALSE(level);
  CHECK(level.error().code == Code::failed);
  CHECK(level.error().describe().find("component notes-api") == 0);
  CHECK(level.error().message.find("release") != std::string::npos);
  CHECK(level.error().message.find('\x1b') == std::string::npos);
}
