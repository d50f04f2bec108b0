#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "drivers/entry.hpp"

using namespace std::chrono_literals;
using namespace moult;

namespace {

EntrySpec spec_with(std::vector<std::string> where) {
  EntrySpec spec;
  spec.kind = EntryKind::command;
  spec.hold = {"true"};
  spec.drain = {"true"};
  spec.release = {"true"};
  spec.where = std::move(where);
  return spec;
}

}  // namespace

TEST_CASE("the commands get the time to live and the deadline, and are run as argument vectors") {
  const std::string record = "/tmp/moult-command-entry-" + std::to_string(::getpid());
  auto spec = spec_with({"echo", "open", "0"});
  spec.hold = {"sh", "-c", "echo hold $MOULT_TTL_MS \"$1\" >> \"$0\"", record, "a b; c"};
  spec.drain = {"sh", "-c", "echo drain $MOULT_DEADLINE_MS >> \"$0\"", record};
  spec.release = {"sh", "-c", "echo release >> \"$0\"", record};
  auto entry = make_entry(spec);
  REQUIRE(entry);
  CHECK((*entry)->can_hold());
  REQUIRE((*entry)->hold(1500ms));
  REQUIRE((*entry)->drain(700ms));
  REQUIRE((*entry)->release());
  std::ifstream file(record);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  CHECK(text == "hold 1500 a b; c\ndrain 700\nrelease\n");
  std::filesystem::remove(record);
}

TEST_CASE("where reads the state and the number in flight, and nothing else passes") {
  auto holding = (*make_entry(spec_with({"echo", "holding 12"})))->where();
  REQUIRE(holding);
  CHECK(holding->holding);
  CHECK(holding->in_flight == 12);
  for (const char* printed : {"", "open", "closed 3", "open three", "holding 3 more"}) {
    const auto state = (*make_entry(spec_with({"echo", printed})))->where();
    REQUIRE_FALSE(state);
    CHECK(state.error().remedy.find("holding N") != std::string::npos);
  }
}

TEST_CASE("a command that fails or hangs is an error that names it") {
  auto spec = spec_with({"sleep", "5"});
  spec.hold = {"sh", "-c", "echo balancer says no >&2; exit 4"};
  auto entry = make_entry(spec);
  const auto held = (*entry)->hold(1s);
  REQUIRE_FALSE(held);
  CHECK(held.error().code == Code::failed);
  CHECK(held.error().message.find("balancer says no") != std::string::npos);
  const auto start = std::chrono::steady_clock::now();
  const auto state = (*entry)->where();
  REQUIRE_FALSE(state);
  CHECK(state.error().code == Code::timeout);
  CHECK(std::chrono::steady_clock::now() - start < 3s);
}
