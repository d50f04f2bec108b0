#include "samples/notes/load/report.hpp"

#include "catch.hpp"

using namespace load;

namespace {

const std::vector<Record> kRecords{{1'000'000, 5'000, Kind::put, 1, 201},
                                   {2'000'000, 7'000, Kind::post, 2, 201},
                                   {3'000'000, 250'000, Kind::get, 1, 200},
                                   {4'000'000, 10'000'000, Kind::put, 3, 0}};

}  // namespace

TEST_CASE("figures count failures and acknowledgements and find the longest request") {
  const auto figures = figures_of(kRecords, {});
  CHECK(figures.requests == 4);
  CHECK(figures.requests_failed == 1);
  CHECK(figures.writes_acknowledged == 2);
  CHECK(figures.seconds == Approx(3));
  CHECK(figures.longest_ms == Approx(10'000));
}

TEST_CASE("an outage shows as time without an acknowledged write, however fast the refusals were") {
  const std::vector<Record> records{{1'000'000, 10'000, Kind::put, 1, 201},
                                    {1'100'000, 1'000, Kind::put, 2, 502},
                                    {1'200'000, 1'000, Kind::get, 1, 200},
                                    {4'000'000, 10'000, Kind::post, 3, 201},
                                    {4'050'000, 10'000, Kind::post, 4, 201}};
  CHECK(figures_of(records, {}).longest_ms == Approx(10));
  CHECK(figures_of(records, {}).longest_without_write_ms == Approx(3000));
}

TEST_CASE("a window has the requests that were under way in it") {
  const auto figures = figures_of(kRecords, {3'100'000, 3'900'000});
  CHECK(figures.requests == 1);
  CHECK(figures.longest_ms == Approx(250));
  CHECK(figures.longest_at_us == 3'000'000);
  CHECK(figures_of(kRecords, {500'000, 600'000}).requests == 0);
}

TEST_CASE("what is there once was kept") {
  const auto verdict = judge(kRecords, {{1, text_of(1)}, {5'000'000'000, text_of(2)}, {9, "not the load's"}});
  CHECK(verdict.checked == 2);
  CHECK(verdict.lost == 0);
  CHECK(verdict.doubled == 0);
}

TEST_CASE("an acknowledged note is lost when it is gone, has another text, or another number than was put") {
  CHECK(judge(kRecords, {{1, text_of(1)}}).lost == 1);
  CHECK(judge(kRecords, {{1, text_of(4)}, {5'000'000'000, text_of(2)}}).lost == 1);
  CHECK(judge(kRecords, {{8, text_of(1)}, {5'000'000'000, text_of(2)}}).lost == 1);
}

TEST_CASE("a note is doubled when it is there twice, acknowledged or not") {
  CHECK(judge(kRecords, {{1, text_of(1)}, {5, text_of(2)}, {6, text_of(2)}}).doubled == 1);
  CHECK(judge(kRecords, {{1, text_of(1)}, {5, text_of(2)}, {3, text_of(3)}, {6, text_of(3)}}).doubled == 1);
}

TEST_CASE("a number that was sent once and found there already was applied twice") {
  CHECK(judge({{1, 1, Kind::put, 1, 200}}, {{1, text_of(1)}}).doubled == 1);
}
