#include "catch.hpp"
#include "descriptors/yaml/document.hpp"

namespace moult::yaml {
namespace {

TEST_CASE("a tree keeps the text, the kind and the place of each value and key") {
  const auto document = read_document("a: 1.10\n\xC3\xA9: {x: [\"2\", ~]}\n");
  REQUIRE(document.problems.empty());
  const auto& root = *document.root;
  REQUIRE(root.entries.size() == 2);
  CHECK(root.entries[0].value.text == "1.10");
  CHECK(root.entries[0].value.plain);
  CHECK(root.entries[0].value.at.column == 4);
  const auto& list = root.entries[1].value.entries.at(0).value;
  CHECK(root.entries[1].value.entries[0].key_at.line == 2);
  CHECK(root.entries[1].value.entries[0].key_at.column == 5);  // characters, not bytes
  REQUIRE(list.items.size() == 2);
  CHECK_FALSE(list.items[0].plain);
  CHECK(list.items[0].at.column == 9);
  CHECK(list.items[1].kind == NodeKind::null);
}

TEST_CASE("32 levels are read and 33 are not") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  CHECK(read_document(nested(32)).problems.empty());
  const auto deeper = read_document(nested(33));
  CHECK_FALSE(deeper.root);
  CHECK_THAT(deeper.problems.at(0).message, Catch::Contains("deeper than 32"));
  CHECK(deeper.problems.at(0).at.column == 33);
}

TEST_CASE("counts and lengths are bounded") {
  Limits limits;
  limits.nodes = 10;
  limits.scalar_bytes = 5;
  CHECK(read_document("[1, 2, 3, 4, 5, 6, 7, 8, 9]", limits).root);
  CHECK_FALSE(read_document("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", limits).root);
  CHECK(read_document("12345", limits).root);
  CHECK_FALSE(read_document("123456", limits).root);
  limits.bytes = 3;
  CHECK_FALSE(read_document("1234", limits).root);
}

TEST_CASE("bytes that are no text are refused with their offset and line") {
  const auto broken = read_document("a: b\nc: \xC3\x28\n");
  CHECK_FALSE(broken.root);
  CHECK_THAT(broken.problems.at(0).message, Catch::Contains("not valid UTF-8 at byte 8"));
  CHECK(broken.problems.at(0).at.line == 2);
  CHECK(broken.problems.at(0).at.column == 4);
  CHECK_THAT(read_document(std::string("a: \0b\n", 6)).problems.at(0).message, Catch::Contains("NUL byte at byte 3"));
  CHECK_THAT(read_document("a: \x04\n").problems.at(0).message, Catch::Contains("control character"));
  CHECK_FALSE(read_document("\xFF\xFE"
                            "a")
                  .root);
}

TEST_CASE("escapes that make a NUL are refused, other escapes are read") {
  CHECK(read_document("\"a\\u00e9\\t\"").root->text == "a\xC3\xA9\t");
  const auto nul = read_document("[\"a\\0b\", c]");
  REQUIRE(nul.problems.size() == 1);
  CHECK(nul.root->items.at(0).kind == NodeKind::refused);
}

TEST_CASE("a document is one document and not empty") {
  CHECK_THAT(read_document("").problems.at(0).message, Catch::Contains("empty"));
  CHECK_THAT(read_document("# nothing\n").problems.at(0).message, Catch::Contains("empty"));
  CHECK(read_document("---\na: b\n...\n").problems.empty());
  CHECK_THAT(read_document("a\n---\nb\n").problems.at(0).message, Catch::Contains("second document"));
}

TEST_CASE("a key given twice keeps its first value and names the first line") {
  const auto document = read_document("a: 1\nb: 2\na: 3\n");
  REQUIRE(document.problems.size() == 1);
  CHECK(document.problems[0].message == "the key \"a\" was already given at line 1");
  CHECK(document.problems[0].path == "a");
  REQUIRE(document.root->entries.size() == 2);
  CHECK(document.root->entries[0].value.text == "1");
}

}  // namespace
}  // namespace moult::yaml
