// Rollbacks that would lose what clients wrote since the cutover.
#include "catch.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using moult::test::SimRun;
using moult::test::two_machines;

namespace {

SimOptions without_downgrade(std::uint64_t seed) {
  auto options = two_machines(seed);
  options.maintenance.components.front().data.front().downgrade.clear();
  return options;
}

std::string audit_of(SimRun& run, const std::string& event) {
  std::string facts;
  REQUIRE(read_run(run.store().audit(), "r1", [&](const AuditRow& row) -> Result<> {
    if (row.event == event) facts = row.facts;
    return {};
  }));
  return facts;
}

}  // namespace

TEST_CASE("a rollback that would lose writes is refused, and with a word done and written down", "[conductor]") {
  SimRun run(without_downgrade(10));
  REQUIRE(run.go());
  run.serve_for(10);
  const auto refused = run.again(&Conductor::roll_back);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::refused);
  CHECK(refused.error().message.find("api.notes") != std::string::npos);
  CHECK(refused.error().remedy.find("--accept-one-way") != std::string::npos);
  CHECK(refused.error().remedy.find("moult finish r1") != std::string::npos);
  CHECK(run.state() == RunState::confirming);
  run.serve_for(5);
  CHECK(run.violations() == "");  // until here nothing is lost

  const auto done = run.again(&Conductor::roll_back_one_way);
  INFO((done ? "" : done.error().describe()));
  REQUIRE(done);
  CHECK(run.state() == RunState::rolled_back);
  CHECK(run.world().serves());
  CHECK(audit_of(run, "rollback.one_way") == R"({"accepted":["api.notes"]})");
  const auto left = audit_of(run, "rollback.left_behind");
  CHECK(left.find(R"("api.notes":{"bytes":)") != std::string::npos);
  CHECK(left.find(R"("paths":0)") == std::string::npos);
  CHECK(run.world().inventory(true).find("+migrated") == std::string::npos);
}

TEST_CASE("a check that fails after the switch does not roll back what would lose writes", "[conductor]") {
  auto options = without_downgrade(11);
  options.faults.with(sim::FaultKind::refuse, "check", 0);
  SimRun run(options);
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(end.error().message.find("the clone serves on") != std::string::npos);
  CHECK(end.error().remedy.find("--accept-one-way") != std::string::npos);
  CHECK(run.state() == RunState::confirming);
  run.serve_for(5);
  CHECK(run.violations() == "");
}
