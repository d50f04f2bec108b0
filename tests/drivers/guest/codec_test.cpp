#include "drivers/guest/protocol/codec.hpp"

#include <random>

#include "catch.hpp"

using namespace moult;
using namespace moult::guest;

TEST_CASE("values come back as they were written") {
  const std::vector<std::uint64_t> numbers{0, 1, 127, 128, 300, UINT32_MAX, 1ULL << 63, UINT64_MAX};
  Writer out;
  for (const auto number : numbers) out.number(number);
  out.text("").text(std::string("nul \0 inside", 12)).texts({"a", "", "ccc"}).flag(true);
  Reader in(out.bytes());
  for (const auto number : numbers) CHECK(in.number("n") == number);
  CHECK(in.text("t").empty());
  CHECK(in.text("t") == std::string("nul \0 inside", 12));
  CHECK(in.texts("ts") == std::vector<std::string>{"a", "", "ccc"});
  CHECK(in.flag("f"));
  CHECK(in.end());
}

TEST_CASE("a message cut short anywhere is an error that names a value") {
  const auto whole = Writer().number(300).text("hello").texts({"x", "yy"}).take();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Reader in(View(whole).first(size));
    in.number("count"), in.text("greeting"), in.texts("names");
    const auto end = in.end();
    REQUIRE_FALSE(end);
    CHECK(end.error().code == Code::invalid);
    const auto expected = size < 2 ? "count" : size < 8 ? "greeting" : "names";
    CHECK_THAT(end.error().message, Catch::Contains(expected));
  }
}

TEST_CASE("bytes left over, numbers out of range and endless numbers are errors") {
  const auto two = Writer().number(1).number(2).take();
  Reader left(two);
  left.number("one");
  CHECK_FALSE(left.end());
  Reader high(two);
  high.number("one", 0);
  CHECK_FALSE(high.good());
  const Buffer endless(20, std::byte{0xff});
  Reader in(endless);
  in.number("endless");
  CHECK_FALSE(in.end());
}

TEST_CASE("a length that lies allocates nothing and fails") {
  const auto lie = Writer().number(UINT64_MAX).take();
  Reader text(lie);
  CHECK(text.text("t").empty());
  CHECK_FALSE(text.end());
  Reader texts(lie);
  CHECK(texts.texts("ts").empty());
  CHECK_FALSE(texts.end());
}

TEST_CASE("a list of millions of empty texts is refused") {
  Writer out;
  out.number(3'000'000);
  auto bytes = out.take();
  bytes.resize(bytes.size() + 3'000'000);
  Reader in(bytes);
  CHECK(in.texts("names").empty());
  CHECK_FALSE(in.end());
}
