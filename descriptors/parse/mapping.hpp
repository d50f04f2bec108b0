#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors/base/text.hpp"
#include "descriptors/parse/keys.hpp"
#include "descriptors/parse/report.hpp"
#include "descriptors/parse/rules.hpp"
#include "descriptors/yaml/node.hpp"

namespace moult::parse {

/// A node, the path of keys that leads to it, and the place of its key.
struct Value {
  const yaml::TreeNode* node = nullptr;
  std::string path;
  yaml::Place key_at;
};

/// The value of `entry` below the value with this path.
[[nodiscard]] Value value_of(const yaml::Entry& entry, const std::string& parent_path);

/// Is the node of this kind? Reports what was expected if not; false also for nodes already reported.
[[nodiscard]] bool expect(const Value& value, yaml::NodeKind kind, std::string_view expected, Report& report);

/// Text that a rule accepts; reports and returns nothing otherwise.
[[nodiscard]] std::optional<std::string> read_text(const Value& value, const TextRule& rule, Report& report);

/// A list of texts; reports what is wrong with each. Empty when the whole is no list.
[[nodiscard]] std::vector<std::string> read_list(const Value& value, const TextRule& rule, Report& report);

/// A command as a list of words, at least one.
[[nodiscard]] std::vector<std::string> read_argv(const Value& value, Report& report);

/// The items of a sequence as values with paths such as "after[1]"; a single text counts as no list.
[[nodiscard]] std::vector<Value> items_of(const Value& value, std::string_view expected, Report& report);

/// The entries of a mapping whose keys are names that the writer chose; bad names are reported and passed over.
[[nodiscard]] std::vector<std::pair<std::string, Value>> named_entries(const Value& value, const TextRule& rule,
                                                                       std::string_view expected, Report& report);

/// A mapping with known keys. Making one reports a wrong kind, unknown keys and missing keys; the readers report bad
/// values and leave `out` as it is when the key is absent or bad.
class Mapping {
 public:
  Mapping(const Value& value, const KeySet& keys, Report& report);

  [[nodiscard]] bool is_mapping() const { return is_mapping_; }
  [[nodiscard]] std::optional<Value> find(std::string_view key) const;
  [[nodiscard]] Location location() const { return report_.locate(value_.key_at); }

  /// The one of these keys that is given. Reports none and several; nothing is returned then.
  [[nodiscard]] std::optional<std::string_view> exactly_one(std::initializer_list<std::string_view> choices) const;
  /// Reports `key` where it is given without `other`, and the other way round when `both` is set.
  void only_with(std::string_view key, std::string_view other, bool both = false) const;

  void text(std::string_view key, const TextRule& rule, std::string& out) const;
  void directory(std::string_view key, std::string& out) const;  ///< drops a slash at the end
  void list(std::string_view key, const TextRule& rule, std::vector<std::string>& out) const;
  void argv(std::string_view key, std::vector<std::string>& out) const;
  void number(std::string_view key, std::uint64_t least, std::uint64_t most, std::uint64_t& out) const;
  void number(std::string_view key, int least, int most, int& out) const;
  void flag(std::string_view key, bool& out) const;
  void duration(std::string_view key, std::chrono::milliseconds& out) const;

 private:
  void check_keys(const KeySet& keys) const;

  Value value_;
  Report& report_;
  bool is_mapping_ = false;
};

template <typename Enum>
struct Choice {
  std::string_view name;
  Enum value;
};

/// The value whose name the text is; reports the nearest name otherwise.
template <typename Enum, std::size_t kCount>
[[nodiscard]] std::optional<Enum> read_choice(const Value& value, const std::array<Choice<Enum>, kCount>& choices,
                                              Report& report) {
  std::vector<std::string> names;
  names.reserve(kCount);
  for (const auto& choice : choices) names.emplace_back(choice.name);
  const auto expected = "one of " + joined(names);
  if (!expect(value, yaml::NodeKind::scalar, expected, report)) return std::nullopt;
  const auto& text = value.node->text;
  for (const auto& choice : choices)
    if (choice.name == text) return choice.value;
  report.add(value.node->at, value.path, "expected " + expected + "; found " + in_quotes(text), nearest(text, names));
  return std::nullopt;
}

}  // namespace moult::parse
