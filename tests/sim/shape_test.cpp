#include "tests/sim/shape.hpp"

#include "catch.hpp"
#include "tests/sim/strikes.hpp"

using namespace moult;
using namespace moult::test;

TEST_CASE("a shape is told by where it differs, and made from that", "[sim]") {
  Shape one(7);
  one.set(Shape::clients, 77);
  one.set(Shape::leave, 9);
  Shape other(7);
  REQUIRE(other.apply(one.difference(Shape(7))));
  CHECK(one.difference(Shape(7)) == "clients=77,leave=9");
  CHECK(other.difference(one).empty());
  CHECK_FALSE(other.apply("cleints=1"));
  CHECK_FALSE(other.apply("clients"));
  CHECK_FALSE(other.apply("clients=many"));
}

TEST_CASE("strikes are told and made from what was told", "[sim]") {
  const std::string text = "slow@move#7/30000,kill_after@journal#12/0,second@thaw#1/5";
  const auto strikes = strikes_of(text);
  REQUIRE(strikes);
  CHECK(strikes->size() == 3);
  CHECK(text_of(*strikes) == text);
  CHECK(text_of({}) == "none");
  CHECK(strikes_of("none")->empty());
  for (const char* wrong : {"slow", "slow@move", "slow@move#x", "slow@mvoe#1/2", "solw@move#1/2", "slow@move#1/x"})
    CHECK_FALSE(strikes_of(wrong));
}
