// Files that want to hurt: each must be refused quickly, with a place, and with bounded memory.
#include <chrono>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "descriptors/load.hpp"
#include "descriptors/parse/descriptor.hpp"

namespace moult {
namespace {

constexpr std::size_t kMebibyte = std::size_t{1} << 20;

std::string repeated(const std::string& piece, std::size_t bytes = kMebibyte) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

std::vector<Finding> read(const std::string& bytes) {
  return parse::maintenance_from_bytes(bytes, "hostile.yaml").findings;
}

TEST_CASE("the 426-byte alias bomb is refused without being unfolded") {
  std::string bomb = "a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n";
  for (char name = 'b'; name <= 'i'; ++name) {
    const std::string last(1, static_cast<char>(name - 1));
    bomb += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 9; ++i) bomb += (i > 0 ? ",*" : "*") + last;
    bomb += "]\n";
  }
  bomb.resize(426, '#');
  const auto findings = read(bomb);
  REQUIRE_FALSE(findings.empty());
  bool aliases = false;
  for (const auto& finding : findings) aliases |= finding.message.find("aliases (*name) are not accepted") == 0;
  CHECK(aliases);
  CHECK(findings.size() <= 201);
}

TEST_CASE("nesting of a whole mebibyte neither overflows the stack nor takes long") {
  for (const std::string piece : {"[",   "{",      "- ",       "{a: ",       "? ",  "[a,", "[{",  "[? ",
                                  "{? ", "[: ",    "[\n",      "{a: [",      "&a ", "!a ", "*a ", "]",
                                  "}",   "--- ",   "---\n",    "%TAG ! x\n", "\"",  "'",   "|\n", "a: \n",
                                  "-\n", "a: b\n", "<<: *a\n", "[],",        "{},"}) {
    INFO(piece);
    const auto start = std::chrono::steady_clock::now();
    const auto findings = read(repeated(piece));
    CHECK_FALSE(findings.empty());
    CHECK(findings.front().at.line >= 1);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
  }
}

TEST_CASE("open brackets are given up long before the end of the file, brackets in text are not") {
  // The place is that of the last value known: the parser's scanner has not got to the 33rd bracket's event.
  CHECK(read(repeated("[")).at(0).text() == "hostile.yaml:1:1: values are nested deeper than 32 levels");

  std::string text = "moult: maintenance/v1\nappliance: a\nrelease: b\nnotes: |\n";
  for (int i = 0; i < 600; ++i) text += "  " + std::string(100, '[') + "\n";
  text += "components: {a: {machine: m, level: {to: 1.0.0}, detect: {command: [a]}, update: {command: [a]}}}\n";
  CHECK(as_error(read(text)).message.empty());
}

TEST_CASE("a large descriptor written as JSON is read") {
  std::string text = "{\"moult\": \"maintenance/v1\", \"appliance\": \"a\", \"release\": \"b\", \"components\": {\n";
  for (int i = 0; i < 5000; ++i)
    text +=
        (i > 0 ? ", \"c" : "\"c") + std::to_string(i) +
        R"(": {"machine": "m", "level": {"to": "1.0.0"}, "detect": {"command": ["a"]}, "update": {"command": ["a"]}})" +
        "\n";
  const auto loaded = parse::maintenance_from_bytes(text + "}}\n", "large.json");
  CHECK(as_error(loaded.findings).message.empty());
  CHECK(loaded.value.components.size() == 5000);
}

TEST_CASE("many findings are counted, not all kept") {
  std::string text = "moult: maintenance/v1\nappliance: a\nrelease: b\ncomponents:\n";
  for (int i = 0; i < 5000; ++i) text += "  c" + std::to_string(i) + ": {machin: a}\n";
  const auto findings = read(text);
  CHECK(findings.size() == 201);
  CHECK_THAT(findings.back().message, Catch::Contains("more findings in this file"));
}

TEST_CASE("files that are too large, absent or no files are one finding each") {
  char name[] = "/tmp/moult-load-XXXXXX";
  const std::filesystem::path folder = ::mkdtemp(name);
  const auto large = folder / "large.yaml";
  std::ofstream(large) << "moult: maintenance/v1\n" << repeated("# padding\n", 2 * kMebibyte);
  const auto too_large = load_maintenance(large);
  REQUIRE(too_large.findings.size() == 1);
  CHECK_THAT(too_large.findings[0].text(), Catch::StartsWith(large.string() + ":1:1: the file is larger than 1048576"));

  CHECK_THAT(load_appliance(folder / "absent").findings.at(0).text(), Catch::Contains("No such file"));
  CHECK_THAT(load_appliance(folder).findings.at(0).text(), Catch::Contains("not a regular file"));
  CHECK_FALSE(std::get<0>(load_any(folder / "absent")).good());

  std::ofstream(folder / "broken.yaml") << "moult: appliance/v1\nid: caf\xE9\n";
  const auto broken = load_appliance(folder / "broken.yaml");
  REQUIRE(broken.findings.size() == 1);
  CHECK_THAT(broken.findings[0].text(), Catch::Contains(":2:8: the file is not valid UTF-8 at byte 27"));
  std::filesystem::remove_all(folder);
}

TEST_CASE("names in findings are printable whatever the file holds") {
  const auto findings = read("moult: maintenance/v1\n\"a\\eb\\n\": 1\n");
  bool named = false;
  for (const auto& finding : findings) {
    CHECK(finding.text().find('\x1B') == std::string::npos);
    CHECK(finding.text().find('\n') == std::string::npos);
    named |= finding.path == "a\\x1bb\\x0a";
  }
  CHECK(named);
}

}  // namespace
}  // namespace moult
