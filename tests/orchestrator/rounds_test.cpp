#include "orchestrator/phases/rounds.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using namespace moult;

TEST_CASE("names of any bytes come into messages and facts", "[rounds]") {
  RoundReport report;
  report.conflicts = {"plain", "not \xff UTF-8", "a\nline \x1b[2J"};
  report.kept = {"\xc3\x28"};
  const auto refused = refuse_conflicts("notes", report);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("\n  plain\n") != std::string::npos);
  CHECK(refused.error().message.find('\x1b') == std::string::npos);
  const auto facts = nlohmann::json::parse(round_facts("notes", report));
  CHECK(facts.at("conflicts") == 3);
  CHECK(facts.at("kept").size() == 1);
  CHECK_NOTHROW(nlohmann::json{{"error", refused.error().message}}.dump());
}

TEST_CASE("of many paths twenty are shown", "[rounds]") {
  std::vector<std::string> paths;
  for (int i = 0; i < 20; ++i) paths.push_back(std::to_string(i));
  CHECK(shown_paths(paths) == paths);
  paths.emplace_back("one more");
  const auto shown = shown_paths(paths);
  REQUIRE(shown.size() == 21);
  CHECK(shown.back() == "...");
}
