#include "descriptors/yaml/tree_builder.hpp"

#include <algorithm>
#include <utility>

#include "descriptors/base/text.hpp"

namespace moult::yaml {
namespace {

constexpr std::size_t kMostProblems = 100;  ///< a person fixes the first of so many, not the last

}  // namespace

const char* describe(NodeKind kind) {
  switch (kind) {
    case NodeKind::scalar:
      return "text";
    case NodeKind::sequence:
      return "a list";
    case NodeKind::mapping:
      return "a mapping";
    case NodeKind::null:
    case NodeKind::refused:
      break;
  }
  return "nothing";
}

PlaceFinder::PlaceFinder(std::string_view bytes) : bytes_(bytes), line_starts_{0} {
  for (auto at = bytes.find('\n'); at != std::string_view::npos; at = bytes.find('\n', at + 1))
    line_starts_.push_back(at + 1);
}

Place PlaceFinder::find(const YAML::Mark& mark) {
  const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
  const auto column = static_cast<std::size_t>(std::max(mark.column, 0));
  if (line >= line_starts_.size()) return {static_cast<int>(line_starts_.size()), 1};
  if (mark.line != line_ || column < column_bytes_) line_ = mark.line, column_bytes_ = column_characters_ = 0;
  const auto from = std::min(line_starts_[line] + column_bytes_, bytes_.size());
  column_characters_ += count_characters(bytes_.substr(from, column - column_bytes_));
  column_bytes_ = column;
  return {mark.line + 1, static_cast<int>(column_characters_) + 1};
}

TreeBuilder::TreeBuilder(std::string_view bytes, const Limits& limits, Document& out)
    : limits_(limits), out_(out), places_(bytes) {}

std::string TreeBuilder::path() const {
  std::string path;
  for (const auto& level : levels_)
    if (level.node.kind == NodeKind::sequence)
      path += "[" + std::to_string(level.node.items.size()) + "]";
    else if (level.has_key && !level.key.empty())
      path += (path.empty() ? "" : ".") + level.key;
  return path;
}

void TreeBuilder::note(Place at, std::string message) {
  out_.problems.push_back({at, path(), std::move(message)});
  if (out_.problems.size() < kMostProblems) return;
  out_.root.reset();
  throw Stop{};
}

void TreeBuilder::stop(Place at, std::string message) {
  out_.root.reset();
  out_.problems.push_back({at, path(), std::move(message)});
  throw Stop{};
}

void TreeBuilder::count(Place at) {
  last_ = at;
  if (++nodes_ > limits_.nodes)
    stop(at, "the file holds more than " + std::to_string(limits_.nodes) + " values, the most that is read");
}

/// Takes one more value in, whatever it is: the count and what YAML may hang on it.
void TreeBuilder::admit(Place at, const std::string& tag, YAML::anchor_t anchor) {
  count(at);
  if (anchor != 0) note(at, "anchors (&name) are not accepted; write the value out where it is needed");
  if (!tag.empty() && tag != "?" && tag != "!")
    note(at, "tags (" + in_quotes(tag) + ") are not accepted; write the plain value");
}

void TreeBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (std::exchange(started_, true)) stop(find(mark), "a second document starts here; a descriptor is one document");
}

void TreeBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  TreeNode node;
  node.at = find(mark);
  admit(node.at, {}, anchor);
  add(std::move(node));
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t) {
  TreeNode node;
  node.kind = NodeKind::refused;
  node.at = find(mark);
  count(node.at);
  note(node.at, "aliases (*name) are not accepted; write the value out where it is needed");
  add(std::move(node));
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  TreeNode node;
  node.kind = NodeKind::scalar;
  node.plain = tag == "?";
  node.at = find(mark);
  admit(node.at, tag, anchor);
  if (value.size() > limits_.scalar_bytes)
    stop(node.at, "text of " + std::to_string(value.size()) + " bytes; at most " +
                      std::to_string(limits_.scalar_bytes) + " are read");
  if (value.find('\0') != std::string::npos || !valid_utf8(value)) {
    note(node.at, "an escape in this text makes a NUL or breaks UTF-8");
    node.kind = NodeKind::refused;
  }
  node.text = value;
  add(std::move(node));
}

void TreeBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                                  YAML::EmitterStyle::value) {
  TreeNode node;
  node.kind = NodeKind::sequence;
  node.at = find(mark);
  admit(node.at, tag, anchor);
  open(std::move(node));
}

void TreeBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value) {
  TreeNode node;
  node.kind = NodeKind::mapping;
  node.at = find(mark);
  admit(node.at, tag, anchor);
  open(std::move(node));
}

bool TreeBuilder::expects_key() const {
  return !levels_.empty() && levels_.back().node.kind == NodeKind::mapping && !levels_.back().has_key;
}

void TreeBuilder::take_key(const TreeNode& node) {
  auto& level = levels_.back();
  level.has_key = true;
  level.key_at = node.at;
  level.key = node.text;  // empty unless it is text
  level.dropped = node.kind != NodeKind::scalar;
  if (level.dropped) {
    if (node.kind != NodeKind::refused) note(node.at, std::string("a key must be text; found ") + describe(node.kind));
    return;
  }
  const auto [first, fresh] = level.seen.emplace(node.text, node.at);
  if (fresh) return;
  level.dropped = true;
  note(node.at, "the key " + in_quotes(node.text) + " was already given at line " + std::to_string(first->second.line));
}

void TreeBuilder::stop_too_deep() {
  stop(last_, "values are nested deeper than " + std::to_string(limits_.depth) + " levels");
}

void TreeBuilder::open(TreeNode node) {
  if (levels_.size() >= static_cast<std::size_t>(limits_.depth)) last_ = node.at, stop_too_deep();
  levels_.emplace_back().node = std::move(node);
}

void TreeBuilder::close() {
  TreeNode node = std::move(levels_.back().node);
  levels_.pop_back();
  add(std::move(node));
}

void TreeBuilder::add(TreeNode node) {
  if (levels_.empty()) {
    out_.root = std::move(node);
  } else if (expects_key()) {
    take_key(node);
  } else if (auto& level = levels_.back(); level.node.kind == NodeKind::sequence) {
    level.node.items.push_back(std::move(node));
  } else {
    if (!level.dropped) level.node.entries.push_back({level.key, level.key_at, std::move(node)});
    level.has_key = false;
  }
}

}  // namespace moult::yaml
