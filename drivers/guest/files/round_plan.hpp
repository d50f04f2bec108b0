#pragma once

#include <limits>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "drivers/guest/files/beneath.hpp"
#include "drivers/guest/files/changes.hpp"
#include "drivers/guest/files/manifest.hpp"

namespace moult::files {

/// A path that a round looks at.
struct Item {
  dev_t device = 0;
  ino_t ino = 0;
  bool linked = false;   ///< has, or had, further names
  bool changed = false;  ///< surely different; otherwise its hash decides
  std::string first{};   ///< name of the same inode that carries the content; empty: this one does
};

/// Under a freeze: see may_differ.
inline constexpr std::int64_t kNoneUnderWay = std::numeric_limits<std::int64_t>::max();
/// May a path that has this entry differ from it, as its inode is now, after what was noticed about it (Changes::Flag)?
/// `ended`: wall clock (ns); every write that began before it has ended (Freezer::frozen_last; under a freeze, none is
/// under way at all: kNoneUnderWay). A write moves the stamp when it begins. One of which nothing tells when it ends
/// (asynchronous I/O) may have been under way when the file was read, unless it began before a freeze that the reading
/// came after.
[[nodiscard]] bool may_differ(const Entry& entry, const struct stat& st, std::uint8_t noticed, std::int64_t ended);

/// What a round takes: items by path (parents first), deletions without those that others imply.
struct RoundPlan {
  std::map<std::string, Item> items;
  std::vector<std::string> deletions;
};

/// Finds what a round must look at, by comparing the tree as it is with the manifest. Reads metadata alone. Cost: what
/// changed, and for a scan the tree. Used for one plan.
class RoundPlanner {
 public:
  struct Options {
    bool complete = false;       ///< the manifest holds every path that the target may have
    bool distrust_maps = false;  ///< also look into files that a memory mapping may have changed
    bool unwatched = false;      ///< events do not tell of all that was written: any file may have been held
    std::int64_t ended = 0;      ///< as for may_differ
  };
  RoundPlanner(Tree& tree, const PathFilter& filter, Manifest& manifest, Options options)
      : tree_(tree), filter_(filter), manifest_(manifest), options_(options) {}

  Result<> add(const Changes& changes);
  /// Looks at everything; `scan` marks what it met in the manifest.
  Result<> scan(std::uint32_t scan);
  Result<RoundPlan> finish();
  /// Puts one path that was met into the plan, if it may differ from the manifest.
  void consider(const std::string& path, const struct stat& st, std::uint8_t flags);
  void force(const std::string& path, const struct stat& st, bool changed);
  void note_absent(const std::string& path);

 private:
  Result<> visit(const std::string& path, std::uint8_t flags);
  Result<> visit_below(const std::string& path);
  Result<> add_names();
  Result<std::vector<std::string>> names_of(const std::unordered_set<std::uint64_t>& inodes);
  void choose_first_names();
  void drop_implied_deletions();
  Tree& tree_;
  const PathFilter& filter_;
  Manifest& manifest_;
  Options options_;
  RoundPlan plan_;
  std::set<std::string, std::less<>> absent_;
};

}  // namespace moult::files
