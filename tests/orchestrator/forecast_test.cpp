#include "migration/forecast.hpp"

#include <tuple>

#include "catch.hpp"
#include "orchestrator/cutover/shrinking.hpp"
#include "orchestrator/stall_forecast.hpp"

using namespace moult;

namespace {
RoundReport round_of(std::uint64_t paths, int ms, std::uint64_t bytes = 0) {
  RoundReport report;
  report.paths = paths;
  report.bytes = bytes;
  report.took = Millis{ms};
  return report;
}
}  // namespace

TEST_CASE("the forecast grows with what is pending, from the measured cost of a path", "[forecast]") {
  Forecast forecast;
  CHECK_FALSE(forecast.known());
  forecast.add(round_of(0, 10));
  forecast.add(round_of(100, 110));
  CHECK(forecast.next_round({0, 0, false}) == Millis{10});
  CHECK(forecast.next_round({50, 0, false}) == Millis{60});
}

TEST_CASE("large rounds alone tell what a small one costs", "[forecast]") {
  Forecast forecast;
  for (const auto& [paths, ms] : {std::pair{811U, 5347}, {194U, 1498}, {56U, 427}}) forecast.add(round_of(paths, ms));
  CHECK(forecast.next_round({6, 0, false}) < Millis{200});
  CHECK(forecast.next_round({800, 0, false}) > Millis{5000});
}

TEST_CASE("a forecast is never below nothing, whatever was measured", "[forecast]") {
  Forecast forecast;
  forecast.add(round_of(100, 10));
  forecast.add(round_of(1, 50));
  CHECK(forecast.next_round({1000, 0, false}) == Millis{14});
  CHECK(forecast.next_round({0, 0, false}) == Millis{10});
}

TEST_CASE("a host that is busy now and then does not make what is carried cost nothing", "[forecast]") {
  // As they were measured: one that brought nothing, and 20 files of 2 MiB, the less of it the longer it took.
  Forecast forecast;
  for (const auto& [paths, ms, bytes] : {std::tuple{0U, 79, 0U},
                                         {20U, 19475, 7537535U},
                                         {20U, 14326, 12780301U},
                                         {20U, 17920, 29689499U},
                                         {20U, 11299, 41944222U},
                                         {20U, 5103, 41943040U}})
    forecast.add(round_of(paths, ms, bytes));
  CHECK(forecast.next_round({20, 41943040, false}) > Millis{5103});
  CHECK(forecast.next_round({}) <= Millis{79});
}

TEST_CASE("old rounds are forgotten", "[forecast]") {
  Forecast forecast;
  forecast.add(round_of(1, 100000));
  for (int i = 0; i < 8; ++i) forecast.add(round_of(1, 20));
  CHECK(forecast.next_round({1, 0, false}) == Millis{20});
}

TEST_CASE("the stall is the sum of the measured parts and the slowest set's last round", "[forecast]") {
  StallForecast stall;
  stall.measured("freeze", Millis{30});
  stall.measured("switch", Millis{20});
  stall.measured("switch", Millis{25});
  stall.round("a", round_of(0, 5));
  stall.round("b", round_of(0, 40));
  CHECK(stall.stall({{"a", {}}, {"b", {}}}) == Millis{95});
}

TEST_CASE("rounds go on while each is shorter by a fifth", "[forecast]") {
  Shrinking rounds;
  CHECK(rounds.add(std::chrono::seconds{2}));
  CHECK(rounds.add(Millis{1500}));
  CHECK(rounds.add(Millis{300}));
  CHECK_FALSE(rounds.add(Millis{260}));
  CHECK_FALSE(rounds.add(Millis{400}));
}
