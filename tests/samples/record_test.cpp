#include "samples/notes/load/record.hpp"

#include <fstream>

#include "catch.hpp"
#include "tests/samples/temporary_directory.hpp"

using namespace load;

TEST_CASE("a log is read as it was written, and a torn last line is left out") {
  const notes_test::TemporaryDirectory directory;
  const auto path = (directory.path() / "log").string();
  {
    Log log(path);
    log.add({1000, 20, Kind::put, 7, 201});
    log.add({2000, 30, Kind::page, 0, 0});
  }
  std::ofstream(path, std::ios::app) << "3000 40 pu";
  const auto records = read_log(path);
  REQUIRE(records);
  REQUIRE(records->size() == 2);
  CHECK((*records)[0].number == 7);
  CHECK((*records)[1].kind == Kind::page);
  CHECK(failed((*records)[1]));
}

TEST_CASE("a missing log is no empty log") { CHECK_FALSE(read_log("/nonexistent/log")); }

TEST_CASE("a note's text tells its number, and no other text does") {
  CHECK(number_of(text_of(1'000'017)) == 1'000'017);
  CHECK_FALSE(number_of("load 7 wrote this"));
  CHECK_FALSE(number_of(text_of(7) + " "));
  CHECK_FALSE(number_of("an old note"));
}
