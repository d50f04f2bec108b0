#include "catch.hpp"
#include "descriptors/base/error.hpp"
#include "descriptors/base/text.hpp"

namespace moult {
namespace {

TEST_CASE("UTF-8 is checked as RFC 3629 has it") {
  CHECK(valid_utf8(""));
  CHECK(valid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA6\x80"));
  CHECK(first_invalid_utf8("ab\xFF") == 2);
  CHECK(first_invalid_utf8("a\xC3") == 1);
  CHECK(first_invalid_utf8("\xC0\xAF") == 0);          // overlong
  CHECK(first_invalid_utf8("\xE0\x80\xAF") == 0);      // overlong
  CHECK(first_invalid_utf8("\xED\xA0\x80") == 0);      // surrogate
  CHECK(first_invalid_utf8("\xF4\x90\x80\x80") == 0);  // beyond U+10FFFF
  CHECK(first_invalid_utf8("x\x80") == 1);
  CHECK(count_characters("a\xC3\xA9\xE2\x82\xAC") == 3);
}

TEST_CASE("the nearest name is found across one slip, and nothing is made up") {
  const std::vector<std::string> keys{"machine", "level", "detect", "update", "to", "from"};
  CHECK(nearest("machin", keys) == "machine");
  CHECK(nearest("levle", keys) == "level");  // swapped neighbours
  CHECK(nearest("fron", keys) == "from");
  CHECK(nearest("updates", keys) == "update");
  CHECK(nearest("zzz", keys).empty());
  CHECK(nearest("", keys).empty());
  CHECK(nearest(std::string(100, 'a'), std::vector{std::string(100, 'a')}).empty());
}

TEST_CASE("text from a file cannot reach the terminal as control") {
  CHECK(in_quotes("plain \xC3\xA9") == "\"plain \xC3\xA9\"");
  CHECK(in_quotes("a\x1B[31m\n") == "\"a\\x1b[31m\\x0a\"");
  CHECK(in_quotes("\xE2\x80\xAE"
                  "abc") == "\"\\u202eabc\"");
  CHECK(in_quotes("\xFF") == "\"\\xff\"");
  CHECK(in_quotes(std::string(1000, 'x')).size() < 80);
}

TEST_CASE("an error says each link of its context once, outermost first") {
  Error error{Code::unreachable, "no answer", {}};
  error.within("machine app").within("wait for the agent").within("machine app").within("clone.boot app");
  CHECK(error.describe() == "clone.boot app: machine app: wait for the agent: no answer");
}

}  // namespace
}  // namespace moult
