#pragma once

#include <unordered_map>

#include "drivers/guest/files/source_set.hpp"

namespace moult::files {

/// What one round has done so far; becomes true for the set only when the whole round was accepted.
class SourceSet::Round {
 public:
  explicit Round(Tree& tree) : reader(tree) {}
  ItemReader reader;
  std::vector<Update> updates;
  std::vector<std::string> deletions;
  Changes again;  ///< paths that would not hold still, or lost their first name meanwhile
  RoundEnd counts;
  std::uint64_t as_differences = 0;
  std::unordered_map<std::string, std::pair<ino_t, Hash>> firsts;  ///< first names read in this round
};

}  // namespace moult::files
