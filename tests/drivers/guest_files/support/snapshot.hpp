#pragma once

#include <map>
#include <string>
#include <vector>

namespace moult::test {

/// A tree written down path by path, by means of its own: kind, mode, owner, mtime to the nanosecond, size, content,
/// extents, xattrs, link target, device number, and which names are one inode.
using Snapshot = std::map<std::string, std::string>;
struct SnapshotOptions {
  bool extents = false;  ///< where holes are, too
};
[[nodiscard]] Snapshot snapshot(const std::string& root, SnapshotOptions options = {});

/// What differs, a line for each path; empty when nothing does.
[[nodiscard]] std::vector<std::string> differences(const Snapshot& a, const Snapshot& b);

}  // namespace moult::test
