#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "tests/orchestrator/store/store_support.hpp"

using namespace moult;
using namespace moult::testing;
using nlohmann::json;

namespace {

/// Rows of r2, r1, r2, r1, r2, r1, and then two of r2 that come after r1's last.
std::unique_ptr<Store> two_runs() {
  auto store = make_memory_store();
  for (int i = 0; i < 8; ++i)
    REQUIRE(store->audit().append(
        an_entry("e" + std::to_string(i), i % 2 && i < 7 ? "r1" : "r2", R"({"n":)" + std::to_string(i) + "}")));
  return store;
}

std::vector<json> exported(Store& store, const std::string& run) {
  std::ostringstream out;
  REQUIRE(export_audit(store.audit(), run, kUtc, out));
  std::istringstream in(out.str());
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

AuditReport verified(const std::vector<json>& lines, const std::string& key = {}) {
  std::stringstream text;
  for (const auto& line : lines) text << line.dump() << '\n';
  return verify_export(text, key).value();
}

}  // namespace

TEST_CASE("an export of one run proves itself without showing the others") {
  const auto store = two_runs();
  const auto lines = exported(*store, "r1");
  REQUIRE(lines.size() == 1 + 7 + 1);
  for (const auto& line : lines)
    if (line["kind"] == "link") CHECK_FALSE(line.contains("facts"));
  const auto report = verified(lines, lines.back()["public_key"]);
  CHECK(report.why == "");
  CHECK(report.good);
  CHECK(report.run_rows == 3);
  CHECK(report.rows == 3);
  CHECK(report.links == 4);
  CHECK(report.signed_through == 8);
}

TEST_CASE("an export of everything has every row whole") {
  const auto store = two_runs();
  const auto report = verified(exported(*store, ""));
  CHECK(report.good);
  CHECK(report.rows == 8);
  CHECK(report.links == 0);
}

TEST_CASE("a run without rows has no export") {
  const auto store = two_runs();
  std::ostringstream out;
  CHECK(export_audit(store->audit(), "r9", kUtc, out).error().code == Code::not_found);
  CHECK(out.str().empty());
}

TEST_CASE("an export that cannot be written is an error") {
  const auto store = two_runs();
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  CHECK(export_audit(store->audit(), "r1", kUtc, out).error().code == Code::io);
}

TEST_CASE("a changed export is found") {
  using Change = std::function<void(std::vector<json>&)>;
  const std::vector<std::pair<const char*, Change>> table{
      {"content of a row", [](auto& lines) { lines[1]["actor"] = "eve"; }},
      {"facts of a row", [](auto& lines) { lines[3]["facts"] = R"({"n":4})"; }},
      {"digest and content", [](auto& lines) { lines[1]["digest"] = std::string(64, '0'); }},
      {"a row removed", [](auto& lines) { lines.erase(lines.begin() + 3); }},
      {"a link removed", [](auto& lines) { lines.erase(lines.begin() + 2); }},
      {"the first row removed", [](auto& lines) { lines.erase(lines.begin() + 1); }},
      {"the first row and the link after it removed",
       [](auto& lines) { lines.erase(lines.begin() + 1, lines.begin() + 3); }},
      {"the tail cut", [](auto& lines) { lines.pop_back(); }},
      {"the last row cut from under its head", [](auto& lines) { lines.erase(lines.end() - 2); }},
      {"everything between cut", [](auto& lines) { lines.erase(lines.begin() + 1, lines.end() - 1); }},
      {"a row of the run made a link", [](auto& lines) { lines[3]["kind"] = "link"; }},
      {"a row given to another run", [](auto& lines) { lines[3]["kind"] = "link", lines[3]["run"] = "r2"; }},
      {"the run's name in the header", [](auto& lines) { lines[0]["run"] = "r2"; }},
      {"no run in the header", [](auto& lines) { lines[0]["run"] = ""; }},
      {"the chain's name in the header", [](auto& lines) { lines[0]["chain"] = "x"; }},
      {"the format", [](auto& lines) { lines[0]["format"] = "moult-audit/v2"; }},
      {"the header removed", [](auto& lines) { lines.erase(lines.begin()); }},
      {"a second header", [](auto& lines) { lines.insert(lines.begin(), lines[0]); }},
      {"a line after the head", [](auto& lines) { lines.push_back(lines[1]); }},
      {"a line of no kind", [](auto& lines) { lines[2]["kind"] = "x"; }},
      {"the signature", [](auto& lines) { lines.back()["signature"] = std::string(128, '0'); }},
      {"the head's time", [](auto& lines) { lines.back()["utc"] = kLater; }},
      {"a line that is no JSON object", [](auto& lines) { lines[2] = 7; }},
      {"a field removed", [](auto& lines) { lines[1].erase("facts"); }},
      {"nothing at all", [](auto& lines) { lines.clear(); }},
  };
  const auto store = two_runs();
  const auto lines = exported(*store, "r1");
  REQUIRE(verified(lines).good);
  for (const auto& [name, change] : table) {
    auto changed = lines;
    change(changed);
    INFO(name);
    const auto report = verified(changed);
    CHECK_FALSE(report.good);
    CHECK_FALSE(report.why.empty());
  }
}

TEST_CASE("an export that is signed with another key than the one that is known is found") {
  const auto store = two_runs();
  CHECK_THAT(verified(exported(*store, "r1"), std::string(64, 'a')).why, Catch::Contains("another key"));
}

TEST_CASE("a kept head reads back as it was written") {
  const auto store = two_runs();
  const auto head = store->audit().sign_head(kUtc).value();
  CHECK(to_json(signed_head_of(to_json(head)).value()) == to_json(head));
  CHECK(signed_head_of("{}").error().code == Code::invalid);
  CHECK(signed_head_of("x").error().code == Code::invalid);
}
