// Names that stand in databases out there: this file only ever grows.
#include "catch.hpp"
#include "orchestrator/store/checks.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;

TEST_CASE("outcomes keep their persisted names") {
  CHECK(name_of(StepOutcome::done) == "done");
  CHECK(name_of(StepOutcome::failed) == "failed");
  CHECK(name_of(StepOutcome::undone) == "undone");
  CHECK(name_of(StepOutcome::unknown) == "unknown");
  for (const auto outcome : {StepOutcome::done, StepOutcome::failed, StepOutcome::undone, StepOutcome::unknown})
    CHECK(step_outcome_of(name_of(outcome)).value() == outcome);
  CHECK(step_outcome_of("Done").error().code == Code::invalid);
}

TEST_CASE("the journal's own audit rows keep their names and facts") {
  const auto store = make_memory_store();
  REQUIRE(store->journal().create_run(a_run(), stamp()));
  REQUIRE(store->journal().set_state({"r1", "planned", "cloning", "{}", stamp()}));
  const auto rows = rows_of(store->audit());
  CHECK(rows[0].event == "run.created");
  CHECK(
      rows[0].facts ==
      R"({"appliance":"org.example.notes","operator":"alice",)"
      R"("options_sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",)"
      R"("plan_sha256":"4d56a2c38b3178d5000ca9c2cdc94063b121fc247bf1fcc3818014b8028a1101","release":"2.0.0","state":"planned"})");
  CHECK(rows[1].event == "run.state");
  CHECK(rows[1].facts == R"({"from":"planned","to":"cloning"})");
}
