// Large files: which of them changed, so that they may travel as differences.
#include <algorithm>

#include "drivers/guest/files/delta.hpp"
#include "drivers/guest/files/source_set.hpp"

namespace moult::files {

bool SourceSet::is_large(const struct stat& st) const {
  return S_ISREG(st.st_mode) && static_cast<std::uint64_t>(st.st_size) >= large_file_;
}

void SourceSet::note_size(const std::string& path, bool large) {
  if (large)
    large_.insert(path);
  else
    large_.erase(path);
  if (!large) unlike_.erase(path);
}

/// A file that is written anew each time has little of its old version: as a difference it moves all the same, and
/// takes both sides longer. Now and then it is tried again.
void SourceSet::note_likeness(const std::string& path, std::uint64_t size, std::uint64_t moved) {
  constexpr int kRoundsWhole = 8;
  if (moved > size / 2)
    unlike_[path] = kRoundsWhole;
  else
    unlike_.erase(path);
}

bool SourceSet::goes_whole(const std::string& path) {
  const auto unlike = unlike_.find(path);
  if (unlike == unlike_.end()) return false;
  if (--unlike->second == 0) unlike_.erase(unlike);
  return true;
}

/// What events named and what is held open for writing, unless it is surely as it was; where these do not tell all,
/// also what the set was known to have.
Result<SourceSet::PathsBySize> SourceSet::changed_large(const RoundContext& context) {
  PathsBySize found;
  const auto meet = [&](const std::string& path, std::uint8_t flags) -> Result<> {
    MOULT_ASSIGN(const auto st, tree_.stat(path));
    if (!st || !is_large(*st) || !worth_a_signature(*st)) return {};
    const auto* known = manifest_.find(path);
    const bool changed = known == nullptr || may_differ(*known, *st, flags, context.writes_ended());
    if (changed && !goes_whole(path)) found.emplace(static_cast<std::uint64_t>(st->st_size), path);
    return {};
  };
  const Changes changes = log_->copy();
  for (const auto& [path, flags] : changes.paths)
    if (filter_.takes(path, false)) MOULT_TRY(meet(path, flags));
  if (context.no_events.empty() && changes.lost.empty()) return found;
  for (const auto& path : large_) MOULT_TRY(meet(path, Changes::suspect | Changes::held));
  return found;
}

/// The largest first: their signatures may be all that there is room for.
Result<std::vector<std::string>> SourceSet::large(const RoundContext& context) {
  constexpr std::size_t kMost = 256;
  tree_.forget();
  MOULT_ASSIGN(auto found, changed_large(context));
  tree_.forget();
  std::vector<std::string> paths;
  for (auto at = found.rbegin(); at != found.rend() && paths.size() < kMost; ++at) paths.push_back(at->second);
  asked_ = !paths.empty();
  return paths;
}

}  // namespace moult::files
