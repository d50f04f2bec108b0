#include "drivers/sim/path_rules.hpp"

#include <fnmatch.h>

#include <algorithm>

namespace moult::sim {
namespace {

bool names(const std::vector<std::string>& patterns, const std::string& path) {
  if (patterns.empty()) return false;
  for (auto end = path.find('/');; end = path.find('/', end + 1)) {
    const auto part = path.substr(0, end);
    if (std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return glob_matches(pattern, part); }))
      return true;
    if (end == std::string::npos) return false;
  }
}

}  // namespace

bool glob_matches(const std::string& pattern, const std::string& path) {
  if (pattern.find('/') == std::string::npos)
    return fnmatch(pattern.c_str(), path.c_str() + path.find_last_of('/') + 1, 0) == 0;
  const bool deep = pattern.find("**") != std::string::npos;
  return fnmatch(pattern.c_str(), path.c_str(), deep ? 0 : FNM_PATHNAME) == 0;
}

bool belongs(const FileSet& set, const std::string& path) {
  if (names(set.exclude, path)) return false;
  return set.include.empty() || names(set.include, path);
}

const PatternRule* rule_for(const FileSet& set, const std::string& path) {
  const auto rule = std::find_if(set.conflict.begin(), set.conflict.end(),
                                 [&](const PatternRule& one) { return glob_matches(one.pattern, path); });
  return rule == set.conflict.end() ? nullptr : &*rule;
}

}  // namespace moult::sim
