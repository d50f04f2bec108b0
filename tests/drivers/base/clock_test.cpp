#include "drivers/clock.hpp"

#include "catch.hpp"

using namespace std::chrono_literals;

TEST_CASE("the system clock's steady time passes by at least what was slept, its UTC is the wall's") {
  auto clock = moult::make_system_clock();
  const auto before = clock->steady();
  clock->sleep(15ms);
  CHECK(clock->steady() - before >= 15ms);
  const auto apart = clock->utc() - std::chrono::system_clock::now();
  CHECK(std::chrono::abs(apart) < 1s);
}
