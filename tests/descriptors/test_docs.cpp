// The vendor-facing page shows descriptors that load, and every key that the parser knows.
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "descriptors/parse/descriptor.hpp"
#include "descriptors/parse/keys.hpp"

namespace moult {
namespace {

std::string page() {
  std::stringstream text;
  text << std::ifstream("docs/descriptors.md").rdbuf();
  return text.str();
}

/// What stands between ```yaml and ```.
std::vector<std::string> examples() {
  std::vector<std::string> blocks;
  const auto text = page();
  const std::string begin = "```yaml\n", end = "\n```";
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1)) {
    const auto from = at + begin.size();
    blocks.push_back(text.substr(from, text.find(end, from) - from) + "\n");
  }
  return blocks;
}

TEST_CASE("the documented descriptors load and belong together") {
  std::vector<ApplianceDescriptor> appliances;
  std::vector<MaintenanceDescriptor> maintenances;
  for (const auto& block : examples()) {
    INFO(block);
    if (block.find("moult: appliance/v1") == 0) {
      const auto loaded = parse::appliance_from_bytes(block, "docs");
      CHECK(as_error(loaded.findings).message.empty());
      appliances.push_back(loaded.value);
    } else if (block.find("moult: maintenance/v1") == 0) {
      const auto loaded = parse::maintenance_from_bytes(block, "docs");
      CHECK(as_error(loaded.findings).message.empty());
      maintenances.push_back(loaded.value);
    }
  }
  REQUIRE(appliances.size() == 1);
  REQUIRE(maintenances.size() == 1);
  CHECK(check_together(appliances[0], maintenances[0]).empty());
}

TEST_CASE("the page names every key") {
  const auto text = page();
  for (const auto& sets : {parse::appliance_key_sets(), parse::maintenance_key_sets()})
    for (const auto* set : sets)
      for (const auto& key : set->keys) {
        INFO(set->name << "." << key.name);
        const bool named = text.find("`" + std::string(key.name) + "`") != std::string::npos ||
                           text.find("{" + std::string(key.name) + ": ") != std::string::npos;
        CHECK(named);
      }
}

}  // namespace
}  // namespace moult
