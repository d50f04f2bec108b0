#include "migration/pace.hpp"

#include "catch.hpp"

using namespace moult;

namespace {

RoundReport round_of(int seconds, std::uint64_t paths, std::uint64_t bytes) {
  RoundReport report;
  report.took = std::chrono::seconds{seconds};
  report.paths = paths;
  report.bytes = bytes;
  return report;
}

/// Rounds one after another, of so many seconds each, that bring what was written at this pace meanwhile.
Pace pace_of(const std::vector<int>& took, std::uint64_t paths_per_second) {
  Pace pace;
  std::chrono::seconds now{100};
  int before = 1;
  for (const int seconds : took) {
    pace.add(now, round_of(seconds, paths_per_second * static_cast<std::uint64_t>(before),
                           1000 * paths_per_second * static_cast<std::uint64_t>(before)));
    now += std::chrono::seconds{seconds};
    before = seconds;
  }
  return pace;
}

}  // namespace

TEST_CASE("rounds that grow tell how fast a set is written and how fast it is carried", "[pace]") {
  const auto pace = pace_of({10, 20, 40, 80}, 100);
  CHECK(pace.rounds() == 4);
  CHECK(pace.outpaced() == 3);
  CHECK(pace.load() == Approx(2.0));
  const auto rates = pace.rates();
  CHECK(rates.written_paths == Approx(100.0));
  CHECK(rates.carried_paths == Approx(50.0));
  CHECK(rates.written_bytes == Approx(100'000.0));
  CHECK(rates.carried_bytes == Approx(50'000.0));
}

TEST_CASE("rounds of one length do not get shorter, and those that shrink by a fifth do", "[pace]") {
  CHECK(pace_of({10, 10, 10, 10}, 5).outpaced() == 3);
  CHECK(pace_of({10, 10, 9, 9}, 5).outpaced() == 3);
  CHECK(pace_of({100, 80, 64, 51}, 5).outpaced() == 0);
  CHECK(pace_of({10, 20, 40, 10}, 5).outpaced() == 0);
  CHECK(pace_of({10, 20, 10, 20}, 5).outpaced() == 1);
}

TEST_CASE("of the first round it is not known when what it brought was written", "[pace]") {
  CHECK(pace_of({10}, 5).outpaced() == 0);
  CHECK(pace_of({10}, 5).load() == 0);
  CHECK(Pace{}.rates().written_bytes == 0);
}

TEST_CASE("a round that brings nothing is no sign of a set that is outpaced", "[pace]") {
  auto pace = pace_of({1, 1, 1}, 5);
  CHECK(pace.outpaced() == 2);
  pace.add(std::chrono::seconds{103}, round_of(5, 0, 0));
  CHECK(pace.outpaced() == 0);
}

TEST_CASE("the last three rounds count", "[pace]") {
  const auto pace = pace_of({1, 500, 10, 10, 10, 10}, 7);
  CHECK(pace.load() == Approx(1.0));
  CHECK(pace.rates().carried_paths == Approx(7.0));
}
