#include <array>
#include <utility>

#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr std::array<Choice<ConflictRule>, 3> kRules{{{"refuse", ConflictRule::refuse},
                                                      {"keep-original", ConflictRule::keep_original},
                                                      {"keep-clone", ConflictRule::keep_clone}}};

PatternRule read_rule(std::string pattern, const Value& value, Report& report) {
  PatternRule rule;
  rule.pattern = std::move(pattern);
  if (value.node->kind == yaml::NodeKind::mapping) {
    rule.rule = ConflictRule::merge;
    Mapping(value, kMergeKeys, report).argv("merge", rule.merge);
  } else if (!expect(value, yaml::NodeKind::scalar, "refuse, keep-original, keep-clone or {merge: [command]}",
                     report)) {
    return rule;
  } else if (const auto choice = read_choice(value, kRules, report)) {
    rule.rule = *choice;
  }
  return rule;
}

/// One rule for all paths, or a mapping of patterns and rules.
std::vector<PatternRule> read_conflict(const Value& value, Report& report) {
  if (value.node->kind == yaml::NodeKind::scalar) return {read_rule("*", value, report)};
  std::vector<PatternRule> rules;
  constexpr std::string_view kExpected = "keep-original, keep-clone, refuse, or a mapping of patterns and rules";
  for (auto& [pattern, rule] : named_entries(value, kPattern, kExpected, report))
    rules.push_back(read_rule(pattern, rule, report));
  return rules;
}

DataSpec read_set(const std::string& name, const Value& value, Report& report) {
  DataSpec data;
  data.name = name;
  data.at = report.locate(value.key_at);
  const Mapping mapping(value, kDataKeys, report);
  const auto kind = mapping.exactly_one({"files", "handover", "native", "hooks"});
  if (kind == "handover") read_handover(*mapping.find("handover"), data, report);
  if (kind == "native") read_native(*mapping.find("native"), data, report);
  if (kind == "hooks") {
    data.kind = DataKind::hooks;
    data.hooks = read_hooks_data(*mapping.find("hooks"), report);
  }
  for (const auto* key : {"include", "exclude", "conflict"}) mapping.only_with(key, "files");
  for (const auto* key : {"migrate", "downgrade"})
    if (kind != "handover") mapping.only_with(key, "files");
  mapping.directory("files", data.root);
  mapping.list("include", kPattern, data.include);
  mapping.list("exclude", kPattern, data.exclude);
  if (const auto conflict = mapping.find("conflict")) data.conflict = read_conflict(*conflict, report);
  mapping.argv("migrate", data.migrate);
  mapping.argv("downgrade", data.downgrade);
  return data;
}

}  // namespace

std::vector<DataSpec> read_data(const Value& value, Report& report) {
  std::vector<DataSpec> sets;
  for (const auto& [name, set] : named_entries(value, kName, "a mapping of data set names", report))
    sets.push_back(read_set(name, set, report));
  return sets;
}

}  // namespace moult::parse
