#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace moult::yaml {

/// Line and column in characters, both from 1.
struct Place {
  int line = 1;
  int column = 1;
};

enum class NodeKind {
  null,
  scalar,
  sequence,
  mapping,
  refused,  ///< something this reader does not accept, already reported: say nothing more about it
};

struct Entry;

/// One value of a document, with the place where it was written.
struct TreeNode {
  NodeKind kind = NodeKind::null;
  bool plain = false;  ///< scalar: written without quotes
  std::string text;    ///< scalar
  Place at;
  std::vector<TreeNode> items;  ///< sequence
  std::vector<Entry> entries;   ///< mapping, in the order of the file, keys unique
};

struct Entry {
  std::string key;
  Place key_at;
  TreeNode value;
};

/// "text", "a list", "a mapping" or "nothing".
[[nodiscard]] const char* describe(NodeKind kind);

/// What is taken in before any meaning is looked for.
struct Limits {
  std::size_t bytes = std::size_t{1} << 20;
  int depth = 32;
  std::size_t nodes = 200'000;
  std::size_t scalar_bytes = std::size_t{64} << 10;
};

}  // namespace moult::yaml
