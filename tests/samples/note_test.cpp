#include "samples/notes/api/note.hpp"

#include "catch.hpp"

using namespace notes;

TEST_CASE("a note in form 1 has an id and a text") {
  CHECK(to_json({7, "buy milk"}, 1) == "{\"id\":7,\"text\":\"buy milk\"}\n");
}

TEST_CASE("a note in form 2 has its number of words as well") {
  CHECK(to_json({7, " buy  milk\n"}, 2) == "{\"id\":7,\"text\":\" buy  milk\\n\",\"words\":2,\"format\":2}\n");
}

TEST_CASE("what was written in a form is read in that form") {
  for (int format = kOldestFormat; format <= kNewestFormat; ++format) {
    const auto stored = from_json(*to_json({9, "ä \"quoted\" text"}, format));
    REQUIRE(stored);
    CHECK(stored->format == format);
    CHECK(stored->note.id == 9);
    CHECK(stored->note.text == "ä \"quoted\" text");
  }
}

TEST_CASE("text that is not UTF-8 has no form") { CHECK_FALSE(to_json({1, "\xff\xfe"}, 1)); }

TEST_CASE("other bytes are no note") {
  const auto* bytes = GENERATE("", "{", "[]", "{\"id\":1}", "{\"id\":-1,\"text\":\"\"}", "{\"id\":1,\"text\":2}",
                               "{\"id\":1,\"text\":\"\",\"format\":3}", "{\"id\":1,\"text\":\"\",\"format\":\"2\"}");
  CAPTURE(bytes);
  CHECK_FALSE(from_json(bytes));
}

TEST_CASE("a file's name tells the id, and other names tell none") {
  CHECK(id_of_file(file_of(123)) == 123);
  for (const auto* name : {"lost+found", ".123.json.4.1.tmp", "x.json", "12x.json", ".json", "123"}) {
    CAPTURE(name);
    CHECK_FALSE(id_of_file(name));
  }
}
