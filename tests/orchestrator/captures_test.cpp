// The helper in an original is lost while the run goes on.
#include "catch.hpp"
#include "tests/sim/sim_run.hpp"

using namespace moult;
using namespace moult::test;
using sim::FaultKind;

namespace {

std::size_t begun_anew(SimRun& run) {
  std::size_t rows = 0;
  REQUIRE(read_run(run.store().audit(), "r1", [&](const AuditRow& row) -> Result<> {
    rows += row.event == "capture.begun_anew" ? 1U : 0U;
    return {};
  }));
  return rows;
}

}  // namespace

TEST_CASE("a helper that is killed in an original before the cutover is begun anew, and nothing is lost",
          "[captures]") {
  const auto state = GENERATE(RunState::converging, RunState::ready);
  const auto call = GENERATE("emit", "pending");
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed << ", killed at " << call);
    SimRun run(two_machines(seed));
    run.on_state([&](RunState now) {
      if (now == state) run.world().faults().set(sim::FaultPlan{}.with(FaultKind::kill_helper, call));
    });
    std::string said;
    run.on_word([&](const std::string& text) { said += text + "\n"; });
    const auto end = run.go();
    INFO((end ? said : end.error().describe()));
    REQUIRE(end);
    CHECK(run.state() == RunState::confirming);
    run.serve_for(20);
    CHECK(run.violations() == "");
    CHECK(begun_anew(run) >= 1);
    CHECK(said.find("compares both sides whole") != std::string::npos);
  }
}

TEST_CASE("an original that is off is not waited for", "[captures]") {
  SimRun run(two_machines(3));
  run.on_state([&](RunState now) {
    if (now == RunState::converging) run.world().faults().set(sim::FaultPlan{}.with(FaultKind::destroy_guest, "emit"));
  });
  const auto end = run.go();
  REQUIRE_FALSE(end);
  CHECK(begun_anew(run) == 0);
}
