#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>

namespace moult::sim {

using Time = std::int64_t;  ///< microseconds since the world began
inline constexpr Time kNever = std::numeric_limits<Time>::max();

struct FileNode {
  enum class Kind : std::uint8_t { file, directory, symlink };
  Kind kind = Kind::file;
  std::uint32_t mode = 0644;
  Time mtime = 0;
  std::uint64_t stamp = 0;  ///< new at every change: what inode, size and ctime tell a scan in a real guest
  std::string content;      ///< of a symlink: where it points
};

/// What a disk holds, by absolute path. Directories exist when something is below them; an empty one has a node.
using Tree = std::map<std::string, FileNode, std::less<>>;

[[nodiscard]] inline bool is_below(std::string_view path, std::string_view root) {
  if (root == "/") return true;
  return path.size() > root.size() && path.starts_with(root) && path[root.size()] == '/';
}

/// Is there a directory of this name, by a node or by what is below it?
[[nodiscard]] inline bool is_directory(const Tree& tree, std::string_view path) {
  const auto here = tree.find(path);
  if (here != tree.end()) return here->second.kind == FileNode::Kind::directory;
  const auto below = tree.lower_bound(std::string(path) + "/");
  return below != tree.end() && is_below(below->first, path);
}

/// Sum over all that a carried path must keep: kind, mode, content. Never 0, which stands for "no such path".
[[nodiscard]] inline std::uint64_t sum_of(const FileNode& node) {
  std::uint64_t sum = 0xcbf29ce484222325ULL ^ (static_cast<std::uint64_t>(node.kind) << 32U) ^ node.mode;
  for (const char byte : node.content) sum = (sum ^ static_cast<unsigned char>(byte)) * 0x100000001b3ULL;
  return sum == 0 ? 1 : sum;
}

}  // namespace moult::sim
