// The published schemas and the parser say the same: same keys, same verdicts on structure.
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "catch.hpp"
#include "corpus.hpp"
#include "descriptors/load.hpp"
#include "descriptors/parse/descriptor.hpp"
#include "descriptors/parse/keys.hpp"
#include "descriptors/yaml/document.hpp"

namespace moult {
namespace {

using Json = nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

Json load_schema(const std::string& kind) {
  return Json::parse(std::ifstream("descriptors/schema/" + kind + "-v1.schema.json"));
}

/// A plain scalar as YAML's core schema reads it, which is how editors see the file.
Json scalar_to_json(const yaml::TreeNode& node) {
  static const std::regex integer("[-+]?[0-9]+"), real("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
  if (!node.plain) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  if (std::regex_match(node.text, integer) && node.text.size() < 19) return std::stoll(node.text);
  if (std::regex_match(node.text, real)) return std::stod(node.text);
  return node.text;
}

Json to_json(const yaml::TreeNode& node) {
  Json json;
  if (node.kind == yaml::NodeKind::scalar) return scalar_to_json(node);
  if (node.kind == yaml::NodeKind::sequence) json = Json::array();
  if (node.kind == yaml::NodeKind::mapping) json = Json::object();
  for (const auto& item : node.items) json.push_back(to_json(item));
  for (const auto& entry : node.entries) json[entry.key] = to_json(entry.value);
  return json;
}

bool schema_accepts(const std::string& kind, const std::string& text) {
  const auto document = yaml::read_document(text);
  REQUIRE(document.problems.empty());
  valijson::Schema schema;
  const auto source = load_schema(kind);
  valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(source), schema);
  const auto json = to_json(*document.root);
  return valijson::Validator().validate(schema, Adapter(json), nullptr);
}

/// What an editor would hold against: the schema of the kind that the file says it is, else either.
bool schemas_accept(const std::string& text) {
  if (text.find("moult: maintenance/") != std::string::npos) return schema_accepts("maintenance", text);
  return schema_accepts("appliance", text);
}

void check_keys(const std::string& kind, std::span<const parse::KeySet* const> sets) {
  const auto definitions = load_schema(kind).at("definitions");
  std::set<std::string> known_mappings;
  for (const auto* set : sets) {
    INFO(set->name);
    std::set<std::string> keys, required, schema_keys, schema_required;
    for (const auto& key : set->keys) {
      keys.emplace(key.name);
      if (key.required) required.emplace(key.name);
      CHECK_FALSE(key.meaning.empty());
    }
    known_mappings.emplace(set->name);
    const auto& definition = definitions.at(std::string(set->name));
    for (const auto& [key, unused] : definition.at("properties").items()) schema_keys.insert(key);
    for (const auto& key : definition.value("required", Json::array())) schema_required.insert(key);
    CHECK(keys == schema_keys);
    CHECK(required == schema_required);
    CHECK(definition.at("additionalProperties") == false);
  }
  for (const auto& [name, definition] : definitions.items())
    if (definition.contains("properties")) CHECK(known_mappings.count(name) == 1);
}

TEST_CASE("the parser and the schemas know the same keys and need the same keys") {
  check_keys("appliance", parse::appliance_key_sets());
  check_keys("maintenance", parse::maintenance_key_sets());
}

TEST_CASE("the schemas accept every good sample") {
  for (const auto& sample : tests::samples("good")) {
    INFO(sample.path);
    CHECK(schemas_accept(sample.text));
  }
}

TEST_CASE("the schemas refuse every sample of bad structure, and leave meaning to the parser") {
  int structure = 0, meaning = 0;
  for (const auto& sample : tests::samples("bad")) {
    INFO(sample.path);
    if (sample.kind == "syntax") continue;
    const bool structural = sample.kind == "structure";
    ++(structural ? structure : meaning);
    CHECK(schemas_accept(sample.text) == !structural);
  }
  CHECK(structure >= 25);
  CHECK(meaning >= 10);
}

/// Every node of a good sample, removed or replaced by something of another kind: both must give the same verdict.
void damage(yaml::TreeNode& root, yaml::TreeNode& node, const std::function<void(const std::string&)>& check) {
  const auto original = node;
  for (const auto kind : {yaml::NodeKind::null, yaml::NodeKind::sequence, yaml::NodeKind::mapping}) {
    if (node.kind == kind) continue;
    node = yaml::TreeNode{kind, false, {}, original.at, {}, {}};
    check("replaced by " + std::string(yaml::describe(kind)));
    node = original;
  }
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const auto entry = node.entries[i];
    node.entries.erase(node.entries.begin() + static_cast<std::ptrdiff_t>(i));
    check("without " + entry.key);
    node.entries.insert(node.entries.begin() + static_cast<std::ptrdiff_t>(i), entry);
    node.entries[i].key += "x!";
    check("with " + node.entries[i].key);
    node.entries[i].key = entry.key;
    damage(root, node.entries[i].value, check);
  }
  for (auto& item : node.items) damage(root, item, check);
}

/// Findings about names, levels and files elsewhere in the descriptor: what a schema cannot see.
bool is_about_meaning(const Finding& finding) {
  for (const std::string text : {"no component", "no file under payload", "uses this file", "no host \"",
                                 "no machine \"", "circle", "is no level", "where there are several hosts"})
    if (finding.message.find(text) != std::string::npos) return true;
  return false;
}

TEST_CASE("damage to any node of a good sample gets the same verdict from schema and parser") {
  int damaged = 0;
  for (const auto& sample : tests::samples("good")) {
    const bool maintenance = sample.name.rfind("maintenance", 0) == 0;
    const std::string kind = maintenance ? "maintenance" : "appliance";
    valijson::Schema schema;
    const auto source = load_schema(kind);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(Adapter(source), schema);
    auto root = *yaml::read_document(sample.text).root;
    damage(root, root, [&](const std::string& what) {
      ++damaged;
      parse::Report report(sample.path);
      const std::string_view first = maintenance ? parse::kMaintenanceKind : parse::kApplianceKind;
      if (parse::check_kind(root, {&first, 1}, report)) {
        if (maintenance)
          (void)parse::read_maintenance(root, report);
        else
          (void)parse::read_appliance(root, report);
      }
      const auto findings = report.take();
      const bool parser_accepts = std::all_of(findings.begin(), findings.end(), is_about_meaning);
      const auto json = to_json(root);
      INFO(sample.path << " " << what << "\n" << json.dump() << "\n" << as_error(findings).message);
      CHECK(valijson::Validator().validate(schema, Adapter(json), nullptr) == parser_accepts);
    });
  }
  CHECK(damaged > 600);
}

}  // namespace
}  // namespace moult
