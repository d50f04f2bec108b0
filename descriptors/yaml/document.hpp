#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "descriptors/yaml/check_bytes.hpp"
#include "descriptors/yaml/node.hpp"

namespace moult::yaml {

/// A file as a tree. `root` is absent when the file could not be read to its end as one YAML document within the
/// limits; `problems` also names what was refused in a tree that could (anchors, aliases, tags, duplicate keys).
struct Document {
  std::optional<TreeNode> root;
  std::vector<Problem> problems;
};

/// Builds the tree from the parser's events, so that every limit holds before memory is spent. Never throws; time and
/// memory are linear in the size of `bytes`.
[[nodiscard]] Document read_document(std::string_view bytes, const Limits& limits = {});

}  // namespace moult::yaml
