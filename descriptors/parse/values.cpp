// Values on their own: texts, lists, commands, names.
#include <utility>

#include "descriptors/parse/mapping.hpp"

namespace moult::parse {
namespace {

std::string found(const yaml::TreeNode& node) {
  if (node.kind == yaml::NodeKind::scalar) return in_quotes(node.text);
  return yaml::describe(node.kind);
}

}  // namespace

Value value_of(const yaml::Entry& entry, const std::string& parent_path) {
  const auto key = printable(entry.key);
  return {&entry.value, parent_path.empty() ? key : parent_path + "." + key, entry.key_at};
}

bool expect(const Value& value, yaml::NodeKind kind, std::string_view expected, Report& report) {
  if (value.node->kind == kind) return true;
  const bool written = value.node->kind != yaml::NodeKind::null;  // else the parser's place is that of what follows
  if (value.node->kind != yaml::NodeKind::refused)
    report.add(written ? value.node->at : value.key_at, value.path,
               "expected " + std::string(expected) + "; found " + found(*value.node));
  return false;
}

std::optional<std::string> read_text(const Value& value, const TextRule& rule, Report& report) {
  if (!expect(value, yaml::NodeKind::scalar, rule.expected, report)) return std::nullopt;
  if (rule.accepts(value.node->text)) return value.node->text;
  report.add(value.node->at, value.path, "expected " + std::string(rule.expected) + "; found " + found(*value.node));
  return std::nullopt;
}

std::vector<Value> items_of(const Value& value, std::string_view expected, Report& report) {
  std::vector<Value> items;
  if (!expect(value, yaml::NodeKind::sequence, expected, report)) return items;
  for (const auto& item : value.node->items)
    items.push_back({&item, value.path + "[" + std::to_string(items.size()) + "]", item.at});
  return items;
}

std::vector<std::string> read_list(const Value& value, const TextRule& rule, Report& report) {
  std::vector<std::string> texts;
  for (const auto& item : items_of(value, "a list, [a, b]", report))
    if (auto text = read_text(item, rule, report)) texts.push_back(std::move(*text));
  return texts;
}

std::vector<std::string> read_argv(const Value& value, Report& report) {
  std::vector<std::string> words;
  for (const auto& item : items_of(value, "a command as a list of words, [systemctl, restart, nginx]", report))
    if (auto text = read_text(item, kAnyText, report)) words.push_back(std::move(*text));
  const bool no_program = value.node->items.empty() || (!words.empty() && words.front().empty());
  if (value.node->kind == yaml::NodeKind::sequence && no_program)
    report.add(value.node->at, value.path, "a command needs a program as its first word");
  return words;
}

std::vector<std::pair<std::string, Value>> named_entries(const Value& value, const TextRule& rule,
                                                         std::string_view expected, Report& report) {
  std::vector<std::pair<std::string, Value>> entries;
  if (!expect(value, yaml::NodeKind::mapping, expected, report)) return entries;
  for (const auto& entry : value.node->entries) {
    auto named = value_of(entry, value.path);
    if (rule.accepts(entry.key))
      entries.emplace_back(entry.key, std::move(named));
    else
      report.add(entry.key_at, named.path,
                 "expected " + std::string(rule.expected) + " as key; found " + in_quotes(entry.key));
  }
  return entries;
}

}  // namespace moult::parse
