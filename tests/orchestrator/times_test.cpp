#include "orchestrator/cli/times.hpp"

#include "catch.hpp"

using namespace moult;
using std::chrono::system_clock;

TEST_CASE("durations are read with their unit, and nothing else is", "[times]") {
  CHECK(*duration_of("250ms") == Millis{250});
  CHECK(*duration_of("1.5s") == Millis{1500});
  CHECK(*duration_of("10m") == Millis{600000});
  CHECK(*duration_of("1h") == Millis{3600000});
  for (const auto* bad : {"", "5", "s", "-1s", "5 s", "5d", "nan s", "1e9h"})
    CHECK(duration_of(bad).error().code == Code::usage);
}

TEST_CASE("a time of day is the next such moment in UTC", "[times]") {
  const auto noon = system_clock::from_time_t(1767355200);  // 2026-01-02T12:00:00Z
  CHECK(*moment_of("2026-01-02T12:00:00Z", noon) == noon);
  CHECK(*moment_of("13:30", noon) == noon + std::chrono::minutes{90});
  CHECK(*moment_of("11:00", noon) == noon + std::chrono::hours{23});
  CHECK(moment_of("tomorrow", noon).error().code == Code::usage);
}
