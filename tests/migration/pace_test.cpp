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

/// Seconds, and thousands of bytes in as many paths.
using Round = std::pair<int, std::uint64_t>;

/// Rounds that follow each other at once.
Pace pace_of(const std::vector<Round>& rounds) {
  Pace pace;
  std::chrono::seconds now{100};
  for (const auto& [took, paths] : rounds) {
    pace.add(now, round_of(took, paths, 1000 * paths));
    now += std::chrono::seconds{took};
  }
  return pace;
}

/// What is carried at 50 paths a second, round by round.
Pace linear(const std::vector<int>& took) {
  std::vector<Round> rounds;
  for (const int seconds : took) rounds.emplace_back(seconds, 50 * static_cast<std::uint64_t>(seconds));
  return pace_of(rounds);
}

}  // namespace

TEST_CASE("rounds that grow tell how fast a set is written and how fast it is carried", "[pace]") {
  const auto pace = linear({10, 20, 40, 80});
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
  CHECK(linear({20, 20, 20, 20, 10, 10, 10, 10}).outpaced() == 3);
  CHECK(linear({50, 10, 10, 9, 9}).outpaced() == 3);
  CHECK(linear({100, 80, 64, 51}).outpaced() == 0);
  CHECK(linear({10, 20, 40, 10}).outpaced() == 0);
  CHECK(linear({10, 20, 10, 20}).outpaced() == 1);
}

TEST_CASE("what rounds cost that bring little is no sign of a set that is outpaced", "[pace]") {
  CHECK(pace_of({{10, 900}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}).outpaced() == 0);
  CHECK(pace_of({{10, 900}, {1, 1}, {1, 1}, {1, 1}, {1, 1}}).load() < 0.1);
  CHECK(pace_of({{3, 7}, {3, 7}, {3, 7}, {3, 7}, {3, 7}}).outpaced() == 0);      // rounds of one size say no more
  const auto beside_it = pace_of({{12, 100}, {22, 200}, {42, 400}, {82, 800}});  // two seconds of each
  CHECK(beside_it.outpaced() == 3);
  CHECK(beside_it.rates().carried_paths == Approx(10.0));
}

TEST_CASE("whether rounds could be shorter if they brought less is told also of those that are short for their time",
          "[pace]") {
  Pace pace, fixed;
  for (int round = 0; round < 5; ++round) {
    pace.add(std::chrono::seconds{10 * round}, round_of(6, 0, 40U << 20U));  // four seconds between them
    fixed.add(std::chrono::seconds{10 * round}, round_of(6, 3, 3000));
  }
  CHECK(pace.outpaced() == 0);
  CHECK(pace.carries());
  CHECK_FALSE(fixed.carries());
  CHECK_FALSE(Pace{}.carries());
}

TEST_CASE("rounds of one size that bring much get no shorter for being that long", "[pace]") {
  // The same 20 files of 4 MiB each time, and a few paths beside them.
  Pace pace;
  for (int round = 0; round < 5; ++round)
    pace.add(std::chrono::seconds{6 * round}, round_of(6, 20 + static_cast<std::uint64_t>(round % 2), 80U << 20U));
  CHECK(pace.outpaced() == 4);
  CHECK(pace.load() == Approx(1.0));
}

TEST_CASE("rounds on a host that is busy now and then tell nothing of what a round costs that carries nothing",
          "[pace]") {
  // As they were measured: seconds, and MB of the same 20 files.
  const std::vector<std::pair<int, std::uint64_t>> measured{{49, 47}, {29, 74}, {16, 73}, {17, 74}, {19, 84}, {23, 84}};
  Pace pace;
  std::chrono::seconds now{0};
  for (const auto& [took, megabytes] : measured) {
    pace.add(now, round_of(took, 20, megabytes * 1'000'000));
    now += std::chrono::seconds{took};
  }
  CHECK(pace.outpaced() == 3);
}

TEST_CASE("of the first round it is not known when what it brought was written", "[pace]") {
  CHECK(linear({10}).outpaced() == 0);
  CHECK(linear({10}).load() == 0);
  CHECK(Pace{}.rates().written_bytes == 0);
}

TEST_CASE("a round that brings nothing is no sign of a set that is outpaced", "[pace]") {
  auto pace = linear({9, 1, 1, 1});
  CHECK(pace.outpaced() == 2);
  pace.add(std::chrono::seconds{112}, round_of(5, 0, 0));
  CHECK(pace.outpaced() == 0);
}

TEST_CASE("the last three rounds count", "[pace]") {
  const auto pace = linear({1, 500, 10, 10, 10, 10});
  CHECK(pace.load() == Approx(1.0).epsilon(0.001));  // milliseconds are whole
  CHECK(pace.rates().carried_paths == Approx(50.0).epsilon(0.001));
}
