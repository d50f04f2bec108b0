#include "descriptors/parse/mapping.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace moult::parse {
namespace {

std::string below(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::string names_of(const KeySet& keys) {
  std::vector<std::string> names;
  for (const auto& key : keys.keys) names.emplace_back(key.name);
  return names.empty() ? "no key is known here" : "known here: " + joined(names);
}

std::optional<std::uint64_t> whole_number(const yaml::TreeNode& node) {
  std::uint64_t number = 0;
  const auto* end = node.text.data() + node.text.size();
  const auto [stopped, error] = std::from_chars(node.text.data(), end, number);
  return node.plain && !node.text.empty() && stopped == end && error == std::errc{} ? std::optional(number)
                                                                                    : std::nullopt;
}

struct Unit {
  std::string_view suffix;
  std::chrono::milliseconds length;
};
constexpr std::array<Unit, 4> kUnits{{{"ms", std::chrono::milliseconds{1}},
                                      {"s", std::chrono::seconds{1}},
                                      {"m", std::chrono::minutes{1}},
                                      {"h", std::chrono::hours{1}}}};
constexpr std::chrono::milliseconds kLongestDuration = std::chrono::hours{24};

std::optional<std::chrono::milliseconds> duration_of(std::string_view text) {
  std::uint64_t count = 0;
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view suffix(stopped, static_cast<std::size_t>(text.data() + text.size() - stopped));
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.suffix == suffix; });
  if (error != std::errc{} || unit == kUnits.end() || count == 0) return std::nullopt;
  if (count > static_cast<std::uint64_t>(kLongestDuration / unit->length)) return std::nullopt;
  return unit->length * static_cast<std::int64_t>(count);
}

}  // namespace

Mapping::Mapping(const Value& value, const KeySet& keys, Report& report)
    : value_(value),
      report_(report),
      is_mapping_(expect(value, yaml::NodeKind::mapping, "a mapping of keys and values", report)) {
  if (is_mapping_) check_keys(keys);
}

void Mapping::check_keys(const KeySet& keys) const {
  std::vector<std::string_view> names;
  for (const auto& key : keys.keys) names.push_back(key.name);
  for (const auto& entry : value_.node->entries)
    if (std::find(names.begin(), names.end(), entry.key) == names.end())
      report_.add(entry.key_at, value_of(entry, value_.path).path, "unknown key; " + names_of(keys),
                  nearest(entry.key, names));
  for (const auto& key : keys.keys)
    if (key.required && !find(key.name))
      report_.add(value_.key_at, below(value_.path, key.name), "required key is missing: " + std::string(key.meaning));
}

std::optional<Value> Mapping::find(std::string_view key) const {
  if (!is_mapping_) return std::nullopt;
  for (const auto& entry : value_.node->entries)
    if (entry.key == key) return value_of(entry, value_.path);
  return std::nullopt;
}

std::optional<std::string_view> Mapping::exactly_one(std::initializer_list<std::string_view> choices) const {
  if (!is_mapping_) return std::nullopt;
  std::vector<std::string> all, given;
  std::optional<std::string_view> chosen;
  for (const auto choice : choices) {
    all.emplace_back(choice);
    if (!find(choice)) continue;
    given.emplace_back(choice);
    chosen = choice;
  }
  if (given.size() == 1) return chosen;
  report_.add(value_.key_at, value_.path,
              "expected exactly one of the keys " + joined(all) + "; found " +
                  (given.empty() ? "none of them" : joined(given, " and ")));
  return std::nullopt;
}

void Mapping::only_with(std::string_view key, std::string_view other, bool both) const {
  const auto given = find(key);
  if (given && !find(other))
    report_.add(given->key_at, given->path, "this key belongs to " + std::string(other) + ", which is not given");
  if (both && !given && find(other))
    report_.add(value_.key_at, below(value_.path, key), "required key is missing beside " + std::string(other));
}

void Mapping::text(std::string_view key, const TextRule& rule, std::string& out) const {
  const auto value = find(key);
  if (!value) return;
  if (auto text = read_text(*value, rule, report_)) out = std::move(*text);
}

void Mapping::directory(std::string_view key, std::string& out) const {
  text(key, kDirectory, out);
  if (out.size() > 1 && out.ends_with('/')) out.pop_back();
}

void Mapping::list(std::string_view key, const TextRule& rule, std::vector<std::string>& out) const {
  if (const auto value = find(key)) out = read_list(*value, rule, report_);
}

void Mapping::argv(std::string_view key, std::vector<std::string>& out) const {
  if (const auto value = find(key)) out = read_argv(*value, report_);
}

void Mapping::number(std::string_view key, std::uint64_t least, std::uint64_t most, std::uint64_t& out) const {
  const auto value = find(key);
  if (!value) return;
  const auto expected = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (!expect(*value, yaml::NodeKind::scalar, expected, report_)) return;
  const auto number = whole_number(*value->node);
  if (number && *number >= least && *number <= most) {
    out = *number;
    return;
  }
  const bool is_quoted = !value->node->plain && all_digits(value->node->text);
  report_.add(value->node->at, value->path,
              "expected " + expected + "; found " + in_quotes(value->node->text) + (is_quoted ? " in quotes" : ""));
}

void Mapping::number(std::string_view key, int least, int most, int& out) const {
  auto wide = static_cast<std::uint64_t>(out);
  number(key, static_cast<std::uint64_t>(least), static_cast<std::uint64_t>(most), wide);
  out = static_cast<int>(wide);
}

void Mapping::flag(std::string_view key, bool& out) const {
  const auto value = find(key);
  if (!value || !expect(*value, yaml::NodeKind::scalar, "true or false", report_)) return;
  const auto& node = *value->node;
  if (node.plain && (node.text == "true" || node.text == "false"))
    out = node.text == "true";
  else
    report_.add(node.at, value->path, "expected true or false, without quotes; found " + in_quotes(node.text));
}

void Mapping::duration(std::string_view key, std::chrono::milliseconds& out) const {
  const auto value = find(key);
  if (!value) return;
  constexpr std::string_view kExpected = "a duration such as 500ms, 30s, 10m or 2h, at most 24h";
  if (!expect(*value, yaml::NodeKind::scalar, kExpected, report_)) return;
  if (const auto duration = duration_of(value->node->text))
    out = *duration;
  else
    report_.add(value->node->at, value->path,
                "expected " + std::string(kExpected) + "; found " + in_quotes(value->node->text));
}

}  // namespace moult::parse
