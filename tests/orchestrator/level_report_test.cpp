#include "orchestrator/level_report.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "drivers/sim/platform.hpp"
#include "orchestrator/prober.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using namespace std::chrono_literals;

namespace {

/// Machines m0, m1, ... with one component each, which the appliance descriptor names itself.
SimOptions appliance_of(int machines) {
  SimOptions options;
  options.clients = 0;
  options.appliance.id = "org.example.many";
  options.appliance.hosts["here"] = "sim:///one";
  for (int i = 0; i < machines; ++i) {
    const auto number = std::to_string(i);
    options.appliance.machines.push_back({"m" + number, "here", "domain-" + number, {}});
    DetectSpec detect;
    detect.command = {"level-of", number};
    options.appliance.components.push_back({"c" + number, "m" + number, detect, {"appliance.yaml", 9 + i, 3}});
  }
  return options;
}

std::unique_ptr<SimPlatform> world_of(const SimOptions& options) {
  auto made = make_sim_platform(options);
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

TEST_CASE("an appliance that names its components is probed without a maintenance descriptor", "[probe]") {
  auto options = appliance_of(2);
  options.levels["c1"] = "not of any scheme";
  auto platform = world_of(options);
  const auto before = platform->world().inventory();
  const auto world = look_at_levels(options.appliance, probes_of(options.appliance), *platform);
  const auto report = make_level_report(options.appliance, nullptr, world);
  CHECK(platform->world().inventory() == before);
  CHECK(report.problems.empty());
  REQUIRE(report.rows.size() == 2);
  CHECK(report.rows[0].found.value_or("") == "1.0.0");
  CHECK(report.rows[1].found.value_or("") == "not of any scheme");
  CHECK_FALSE(report.rows[0].verdict);
  CHECK(levels_to_table(report).find("c1         m1       not of any scheme  -       -        ") != std::string::npos);
  const auto json = nlohmann::json::parse(levels_to_json(report));
  CHECK(json["components"][0]["found"] == "1.0.0");
  CHECK(json["components"][0]["verdict"].is_null());
  CHECK(json["machines"][1]["state"] == "running");
}

TEST_CASE("a component that is not there is missing, one whose machine is off is unreachable and said", "[probe]") {
  auto options = appliance_of(2);
  options.levels["c0"] = "";
  auto platform = world_of(options);
  const MachineRef off{"m1", "sim:///one", "domain-1"};
  REQUIRE(platform->lifecycle().stop(off, 0ms));
  const auto world = look_at_levels(options.appliance, probes_of(options.appliance), *platform);
  const auto report = make_level_report(options.appliance, nullptr, world);
  CHECK(report.rows[0].verdict == Verdict::missing);
  CHECK(report.rows[1].verdict == Verdict::unreachable);
  REQUIRE(report.problems.size() == 1);
  CHECK(report.problems[0].message.find("machine m1 is off") != std::string::npos);
}

TEST_CASE("with a maintenance descriptor levels have targets; what it does not name is found all the same", "[probe]") {
  auto options = test::two_machines(1);
  InstalledComponent extra{"extra", "web", {}, {}};
  extra.detect.command = {"extra", "level"};
  InstalledComponent tools{"tools", "app", {}, {}};  // the maintenance's own rule counts
  tools.detect.command = {"nobody", "calls", "this"};
  options.appliance.components = {extra, tools};
  auto platform = world_of(options);
  auto probes = probes_of(options.maintenance, platform->clock());
  probes.push_back(probes_of(options.appliance).front());
  const auto report =
      make_level_report(options.appliance, &options.maintenance, look_at_levels(options.appliance, probes, *platform));
  REQUIRE(report.rows.size() == options.maintenance.components.size() + 1);
  CHECK(report.rows[0].verdict == Verdict::old);
  CHECK(report.rows[0].target == "2.0.0");
  CHECK(report.rows.back().component == "extra");
  CHECK(report.rows.back().target.empty());
}

TEST_CASE("machines are probed side by side: eight take at most 1.2 times the slowest", "[probe]") {
  constexpr auto kSlow = 500ms;
  auto options = appliance_of(8);
  options.faults.with(sim::FaultKind::slow, "run", 0);
  options.faults.rules.back().by = kSlow;
  auto platform = world_of(options);
  const auto begin = platform->clock().steady();
  const auto world = look_at_levels(options.appliance, probes_of(options.appliance), *platform);
  const auto took = platform->clock().steady() - begin;
  Millis slowest{0};
  for (const auto& [component, found] : world.levels) slowest = std::max(slowest, found.took);
  CHECK(world.levels.size() == 8);
  CHECK(slowest >= kSlow);
  CHECK(took <= slowest * 6 / 5);
}
