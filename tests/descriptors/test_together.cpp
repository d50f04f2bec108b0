#include "catch.hpp"
#include "descriptors/load.hpp"

namespace moult {
namespace {

const std::string kGood = "tests/descriptors/data/good/";

TEST_CASE("descriptors that belong together have no findings") {
  CHECK(check_together(load_appliance(kGood + "appliance-notes.yaml").value,
                       load_maintenance(kGood + "maintenance-notes.yaml").value)
            .empty());
}

TEST_CASE("another appliance's maintenance and unknown machines are found, with both places") {
  auto appliance = load_appliance(kGood + "appliance-notes.yaml").value;
  auto maintenance = load_maintenance(kGood + "maintenance-notes.yaml").value;
  maintenance.appliance = "org.example.note";
  maintenance.components.at(0).machine = "ap";
  const auto findings = check_together(appliance, maintenance);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].at.line == 3);
  CHECK(findings[0].hint == "org.example.notes");
  CHECK_THAT(findings[0].text(), Catch::StartsWith(kGood + "maintenance-notes.yaml:3:1: appliance: ") &&
                                     Catch::Contains(kGood + "appliance-notes.yaml:3:1"));
  CHECK(findings[1].at.line == 9);
  CHECK(findings[1].hint == "app");
  CHECK_THAT(findings[1].text(),
             Catch::Contains("components.notes-api.machine: the appliance has no machine \"ap\"; it has "
                             "web, app"));
}

TEST_CASE("a component that the appliance has on another machine is found, with both places") {
  const auto appliance = load_appliance(kGood + "appliance-installed.yaml").value;
  auto maintenance = load_maintenance(kGood + "maintenance-notes.yaml").value;
  CHECK(check_together(appliance, maintenance).empty());
  maintenance.components.at(0).machine = "web";
  const auto findings = check_together(appliance, maintenance);
  REQUIRE(findings.size() == 1);
  CHECK_THAT(findings[0].text(), Catch::Contains("maintenance-notes.yaml:9:14: components.notes-api.machine: ") &&
                                     Catch::Contains("on machine \"app\" (" + kGood + "appliance-installed.yaml:9:3)"));
}

}  // namespace
}  // namespace moult
