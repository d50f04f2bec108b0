#include "tests/sim/shrink.hpp"

#include "catch.hpp"
#include "tests/sim/fleet.hpp"

using namespace moult::test;

TEST_CASE("a life that breaks a promise is shrunk to what breaks it", "[sim]") {
  FleetSpec fleet;
  fleet.count = 400;
  fleet.with = "blind=1,silent_ppm=500000,holds=1";
  const auto end = live_all(fleet);
  REQUIRE(end.bad > 0);
  const Desk desk;
  const auto spec = spec_of(fleet, end.failed.front());
  const auto failed = live(spec, desk.path());
  REQUIRE_FALSE(failed.violations.empty());
  const auto small = shrink(spec, failed, desk.path());
  CHECK(small.strikes->empty());  // the weakness alone is enough
  CHECK(small.shape[Shape::blind] == 1);
  CHECK(small.shape[Shape::nics] == 1);
  const auto again = live(small, desk.path());
  REQUIRE_FALSE(again.violations.empty());
  CHECK(again.violations.front().invariant == failed.violations.front().invariant);
  CHECK(replay_of(small).find("--strikes none") != std::string::npos);
}
