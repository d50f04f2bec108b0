#include <chrono>

#include "catch.hpp"
#include "drivers/guest/files/hashes.hpp"
#include "drivers/guest/files/path_filter.hpp"

using namespace moult::files;

TEST_CASE("globs match as they are documented") {
  struct Row {
    const char *pattern, *path;
    bool matches;
  };
  const Row rows[] = {
      {"*", "a", true},
      {"*", "a/b", true},
      {"*.tmp", "a.tmp", true},
      {"*.tmp", "x/y/a.tmp", true},
      {"*.tmp", "a.tmpx", false},
      {"/cache", "cache", true},
      {"cache/", "cache", true},
      {"cache/*", "cache/a", true},
      {"cache/*", "cache/a/b", false},
      {"cache/**", "cache/a/b", true},
      {"cache/**", "cache", false},
      {"**/x", "x", true},
      {"**/x", "a/b/x", true},
      {"**/x", "ax", false},
      {"a/**/b", "a/b", true},
      {"a/**/b", "a/c/d/b", true},
      {"a/**/b", "a/cb", false},
      {"?", "a", true},
      {"?", "ab", false},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"[]]", "]", true},
      {"[", "[", true},
      {"\\*", "*", true},
      {"\\*", "a", false},
      {"", "a", false},
      {"a/?/c", "a/b/c", true},
      {"a/?/c", "a///c", false},
      {"**", "a/b/c", true},
      {"a**", "a/b", false},
      {"*/b", "a/b", true},
      {"*/b", "x/a/b", false},
  };
  for (const auto& row : rows) {
    INFO(row.pattern << " on " << row.path);
    CHECK(glob_matches(row.pattern, row.path) == row.matches);
  }
}

TEST_CASE("no glob takes long") {
  std::string pattern, path(4000, 'a');
  for (int i = 0; i < 60; ++i) pattern += "*a";
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(glob_matches(pattern + "b", path));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}

TEST_CASE("excludes take whole subtrees and win over includes; temporary names are never part of a set") {
  const PathFilter filter({"*.db", "keep"}, {"cache", "*.tmp"});
  CHECK(filter.takes("a/b.db", false));
  CHECK(filter.takes("a", true));
  CHECK_FALSE(filter.takes("a", false));
  CHECK(filter.takes("keep/any/thing", false));
  CHECK_FALSE(filter.takes("cache/b.db", false));
  CHECK_FALSE(filter.takes("x/cache/y/b.db", true));
  CHECK_FALSE(filter.takes("b.db.tmp", false));
  CHECK_FALSE(PathFilter().takes("a/" + temporary_name(), false));
  CHECK(PathFilter().takes("a/.moult-tmp-x", false));
}

TEST_CASE("plain paths stay below the root") {
  for (const auto* good : {".", "a", "a/b", "..a", "a..", ".hidden/x"}) CHECK(is_plain_path(good));
  for (const auto* bad : {"", "/", "/a", "a/", "a//b", "..", "a/..", "../a", "./a", "a/./b"})
    CHECK_FALSE(is_plain_path(bad));
  CHECK_FALSE(is_plain_path(std::string("a\0b", 3)));
  CHECK_FALSE(is_plain_path(std::string(256, 'a')));
  CHECK_FALSE(is_plain_path(std::string(5000, 'a')));
}

TEST_CASE("a content hash knows content and length, not where holes are") {
  const auto hash = [](const std::vector<std::pair<std::uint64_t, std::string>>& pieces, std::uint64_t size) {
    ContentHash content;
    for (const auto& [offset, text] : pieces) content.update(offset, std::as_bytes(std::span(text)));
    return content.finish(size);
  };
  const std::string block(4096, 'x'), zeros(4096, '\0');
  CHECK(hash({}, 0) != hash({}, 1));
  CHECK(hash({{0, zeros}}, 4096) == hash({}, 4096));
  CHECK(hash({{0, block + zeros + block}}, 12288) == hash({{0, block}, {8192, block}}, 12288));
  CHECK(hash({{0, block + block}}, 8192) == hash({{0, block}, {4096, block}}, 8192));
  CHECK(hash({{0, block}, {8192, block}}, 12288) != hash({{0, block}, {4096, block}}, 12288));
  CHECK(hash({{0, block}}, 4096) != hash({{4096, block}}, 8192));
}

TEST_CASE("hashes are BLAKE3's, whatever pieces bytes come in") {
  CHECK(hex_of(hash_of("")) == "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");  // its test vectors
  CHECK(hex_of(hash_of("abc")) == "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
  const std::string bytes(100'000, 'x');
  Hasher pieces;
  for (std::size_t at = 0; at < bytes.size(); at += 7'001) pieces.update(std::string_view(bytes).substr(at, 7'001));
  CHECK(pieces.hash() == hash_of(bytes));
}

TEST_CASE("a set's digest forgets what is taken out, in any order") {
  SetDigest a, b;
  const auto one = hash_of("one"), two = hash_of("two");
  a.add("x", one);
  a.add("y", two);
  b.add("y", two);
  b.add("z", one);
  CHECK(a.hex() != b.hex());
  b.remove("z", one);
  b.add("x", one);
  CHECK(a.hex() == b.hex());
  b.remove("x", one);
  b.add("x", two);
  CHECK(a.hex() != b.hex());
  CHECK(a.hex().size() == 64);
}
