#include "catch.hpp"
#include "drivers/component_driver.hpp"
#include "host_access.hpp"

using namespace std::chrono_literals;
using namespace moult;
using namespace moult::test;

namespace {

Component command_component(const Scratch& scratch, const std::string& script) {
  Component component;
  component.level = {"2.0.0", "", Scheme::semver, {}};
  component.detect.kind = DriverKind::command;
  component.detect.command = {"cat", scratch.path("level")};
  component.update.kind = DriverKind::command;
  component.update.command = {"sh", "-c", script, "sh", scratch.path("level")};
  component.update.payload = {"files/tool"};
  component.update.timeout = 10s;
  return component;
}

}  // namespace

TEST_CASE("the vendor's command finds its payload and both levels") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("level", "1.5.0\n");
  scratch.write("files/tool", "payload");
  auto component = command_component(
      scratch,
      "cat \"$MOULT_PAYLOAD/files/tool\" > \"$1.said\"; echo \" $MOULT_COMPONENT $MOULT_FROM\" >> \"$1.said\"; "
      "echo $MOULT_TO > \"$1\"");
  component.update.revert = {"sh", "-c", "echo 1.5.0 > \"$0\"", scratch.path("level")};
  const auto descriptor = descriptor_with(scratch, component, {"files/tool"});
  auto driver = make_component_driver(descriptor, descriptor.components.front(), guest.clock);
  REQUIRE(driver->stage(guest, scratch.path("stage")));
  REQUIRE(driver->apply(guest, scratch.path("stage")));
  CHECK(scratch.read("level.said") == "payload notes-api 1.5.0\n");
  CHECK(driver->detect(guest)->value_or("") == "2.0.0");
  REQUIRE(driver->revert(guest, scratch.path("stage")));
  CHECK(driver->detect(guest)->value_or("") == "1.5.0");
}

TEST_CASE("a command that fails is an error with its last lines, one that hangs a timeout") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("level", "1.5.0\n");
  scratch.write("files/tool", "payload");
  auto component = command_component(scratch, "seq 100 >&2; echo 'no \033[1mroom' >&2; exit 5");
  auto descriptor = descriptor_with(scratch, component, {"files/tool"});
  auto failed = make_component_driver(descriptor, descriptor.components.front(), guest.clock)
                    ->apply(guest, scratch.path("stage"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::failed);
  CHECK(failed.error().message.find("ended with 5") != std::string::npos);
  CHECK(failed.error().message.find("\n  100\n") != std::string::npos);
  CHECK(failed.error().message.find("\n  80\n") == std::string::npos);
  CHECK(failed.error().message.find('\033') == std::string::npos);

  descriptor.components.front().update.command = {"sleep", "9"};
  descriptor.components.front().update.timeout = 200ms;
  failed = make_component_driver(descriptor, descriptor.components.front(), guest.clock)
               ->apply(guest, scratch.path("stage"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Code::timeout);
}

TEST_CASE("without a revert command the way back is refused") {
  Scratch scratch;
  HostAccess guest(scratch);
  const auto descriptor = descriptor_with(scratch, command_component(scratch, "true"), {});
  const auto reverted =
      make_component_driver(descriptor, descriptor.components.front(), guest.clock)->revert(guest, "/nowhere");
  REQUIRE_FALSE(reverted);
  CHECK(reverted.error().code == Code::refused);
}

TEST_CASE("a payload that changed since the plan is not staged") {
  Scratch scratch;
  HostAccess guest(scratch);
  scratch.write("files/tool", "payload");
  const auto descriptor = descriptor_with(scratch, command_component(scratch, "true"), {"files/tool"});
  scratch.write("files/tool", "PAYLOAD");
  const auto staged = make_component_driver(descriptor, descriptor.components.front(), guest.clock)
                          ->stage(guest, scratch.path("stage"));
  REQUIRE_FALSE(staged);
  CHECK(staged.error().code == Code::invalid);
  CHECK(guest.ran.empty());
}
