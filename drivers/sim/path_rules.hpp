#pragma once

#include <string>
#include <string_view>

#include "drivers/guest_files.hpp"

namespace moult::sim {

/// Does a glob match a path below a root? A pattern without '/' is matched against the last name alone.
[[nodiscard]] bool glob_matches(const std::string& pattern, const std::string& path);
/// Does a relative path belong to a set? Excludes win, and take what is below them too.
[[nodiscard]] bool belongs(const FileSet& set, const std::string& path);
/// What the first matching rule says; null: no rule.
[[nodiscard]] const PatternRule* rule_for(const FileSet& set, const std::string& path);

}  // namespace moult::sim
