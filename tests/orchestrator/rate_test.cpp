#include "orchestrator/rate.hpp"

#include "catch.hpp"

using namespace moult;

TEST_CASE("rates are read with their unit", "[rate]") {
  CHECK(*rate_of("2MiB/s") == 2ULL << 20U);
  CHECK(*rate_of("2M") == 2ULL << 20U);
  CHECK(*rate_of("2MiB") == 2ULL << 20U);
  CHECK(*rate_of("1.5K/s") == 1536);
  CHECK(*rate_of("1GiB/s") == 1ULL << 30U);
  CHECK(*rate_of("500kB/s") == 500'000);
  CHECK(*rate_of("2MB") == 2'000'000);
  CHECK(*rate_of("4096B/s") == 4096);
}

TEST_CASE("what is no rate, or lets nothing be written, is refused with an example", "[rate]") {
  for (const auto* bad : {"", "2", "M", "/s", "2 MiB/s", "2X", "2Mib", "2M/h", "2M/s/s", "fast", "nan M", "infM", "0",
                          "0M", "0.1B", "-1M", "-2MiB/s", "2000000G", "1e300G"}) {
    CAPTURE(bad);
    const auto rate = rate_of(bad);
    REQUIRE_FALSE(rate);
    CHECK(rate.error().code == Code::usage);
    CHECK(rate.error().remedy.find("2MiB/s") != std::string::npos);
  }
  CHECK(rate_of("0M").error().message == R"(a rate of "0M" would let nothing be written at all)");
  CHECK(rate_of("-1M").error().message == R"(a rate of "-1M" would let nothing be written at all)");
  CHECK(rate_of("0").error().message == R"(a rate of "0" would let nothing be written at all)");
  CHECK(rate_of("2").error().message == R"(not a rate: "2", for it has no unit)");
}

TEST_CASE("rates are told in the largest unit of which there is one, and are read again", "[rate]") {
  CHECK(rate_text(0) == "0B/s");
  CHECK(rate_text(999.6) == "1000B/s");
  CHECK(rate_text(2048) == "2KiB/s");
  CHECK(rate_text(1.5 * 1024 * 1024) == "1.5MiB/s");
  CHECK(rate_text(3e9) == "2.8GiB/s");
  CHECK(*rate_of(rate_text(2048)) == 2048);
}
