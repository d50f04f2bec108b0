#include "drivers/guest/files/round_plan.hpp"

#include <algorithm>
#include <utility>

namespace moult::files {
namespace {

using InodeKey = std::pair<dev_t, ino_t>;

Item item_of(const struct stat& st, bool changed) {
  return {st.st_dev, st.st_ino, !S_ISDIR(st.st_mode) && st.st_nlink > 1, changed, {}};
}

}  // namespace

bool may_differ(const Entry& entry, const struct stat& st, std::uint8_t noticed, std::int64_t ended) {
  if (entry.stamp != stamp_of(st) || !entry.is(Entry::settled)) return true;
  if ((noticed & Changes::written) != 0) return true;  // when it began it had moved the stamp already
  // Where every page was clean when it was read, the stamp tells of mapped writes too.
  if ((noticed & Changes::suspect) != 0 && !entry.is(Entry::synced)) return true;
  if (entry.at_rest) return false;
  if ((noticed & Changes::closed) != 0) return true;  // what was under way has ended
  // Once for each change: while no freeze came after it, another reading would know no more than this one.
  return (noticed & Changes::held) != 0 && changed_before(st, ended);
}

Result<> RoundPlanner::add(const Changes& changes) {
  std::vector<const std::string*> sorted;
  sorted.reserve(changes.paths.size());
  for (const auto& [path, flags] : changes.paths) sorted.push_back(&path);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return *a < *b; });
  for (const auto* path : sorted) MOULT_TRY(visit(*path, changes.paths.at(*path)));
  return {};
}

Result<> RoundPlanner::visit(const std::string& path, std::uint8_t flags) {
  if (!filter_.open_to(path)) return {};
  MOULT_ASSIGN(const auto st, tree_.stat(path));
  if (!st) {
    note_absent(path);
    return {};
  }
  if (!S_ISDIR(st->st_mode) && !filter_.included(path)) return {};
  consider(path, *st, flags);
  return S_ISDIR(st->st_mode) && (flags & Changes::deep) != 0 ? visit_below(path) : Result<>{};
}

/// A directory that came or moved: everything below it, and everything that was known below it and is gone.
Result<> RoundPlanner::visit_below(const std::string& path) {
  std::unordered_set<std::string> met;
  MOULT_TRY(walk(tree_, path, filter_, [&](const Visit& found) -> Result<bool> {
    consider(found.path, found.st, Changes::touched);
    met.insert(found.path);
    return true;
  }));
  for (const auto& known : manifest_.below(path))
    if (!met.contains(known)) note_absent(known);
  return {};
}

Result<> RoundPlanner::scan(std::uint32_t scan) {
  MOULT_ASSIGN(const auto root, tree_.stat("."));
  if (root) consider(".", *root, Changes::touched);
  manifest_.mark_seen(".", scan);
  MOULT_TRY(walk(tree_, ".", filter_, [&](const Visit& found) -> Result<bool> {
    consider(found.path, found.st, 0);
    manifest_.mark_seen(found.path, scan);
    return true;
  }));
  for (const auto& [path, entry] : manifest_)
    if (entry.seen != scan && filter_.takes(path, S_ISDIR(entry.mode))) absent_.insert(path);
  return {};
}

void RoundPlanner::consider(const std::string& path, const struct stat& st, std::uint8_t flags) {
  const auto* known = manifest_.find(path);
  if (options_.distrust_maps && S_ISREG(st.st_mode)) flags |= Changes::suspect;
  if (options_.unwatched && S_ISREG(st.st_mode)) flags |= Changes::held;
  if (known == nullptr || may_differ(*known, st, flags, options_.ended))
    force(path, st, known == nullptr || known->stamp != stamp_of(st));
}

void RoundPlanner::force(const std::string& path, const struct stat& st, bool changed) {
  auto [at, fresh] = plan_.items.try_emplace(path, item_of(st, changed));
  if (!fresh) at->second.changed = at->second.changed || changed;
}

void RoundPlanner::note_absent(const std::string& path) {
  // Before the first full round nobody knows what the target has: a deletion too many does no harm.
  if (!options_.complete || manifest_.find(path) != nullptr || manifest_.any_below(path)) absent_.insert(path);
}

Result<RoundPlan> RoundPlanner::finish() {
  MOULT_TRY(add_names());
  choose_first_names();
  drop_implied_deletions();
  return std::move(plan_);
}

/// A change through one name of an inode changes all its names; so does a name that came or went.
Result<> RoundPlanner::add_names() {
  std::unordered_set<std::uint64_t> inodes;
  for (const auto& [path, item] : plan_.items) {
    if (item.linked) inodes.insert(item.ino);
    if (const auto* known = manifest_.find(path); known != nullptr && known->is(Entry::linked))
      inodes.insert(known->ino);
  }
  for (const auto& path : absent_)
    if (const auto* known = manifest_.find(path); known != nullptr && known->is(Entry::linked))
      inodes.insert(known->ino);
  if (inodes.empty()) return {};
  MOULT_ASSIGN(const auto names, names_of(inodes));
  for (const auto& name : names) {
    MOULT_ASSIGN(const auto st, tree_.stat(name));
    if (!st)
      note_absent(name);
    else if (!S_ISDIR(st->st_mode) && filter_.takes(name, false))
      force(name, *st, false);
  }
  return {};
}

Result<std::vector<std::string>> RoundPlanner::names_of(const std::unordered_set<std::uint64_t>& inodes) {
  std::vector<std::string> names;
  std::unordered_set<std::uint64_t> unknown;
  for (const auto ino : inodes) {
    auto more = manifest_.with_inode(ino);  // also the partner of a first link, which had one name when it was met
    if (more.empty()) unknown.insert(ino);
    names.insert(names.end(), more.begin(), more.end());
  }
  if (unknown.empty() || options_.complete) return names;
  MOULT_TRY(walk(tree_, ".", filter_, [&](const Visit& found) -> Result<bool> {
    if (unknown.contains(found.st.st_ino)) names.push_back(found.path);
    return true;
  }));
  return names;
}

void RoundPlanner::choose_first_names() {
  std::map<InodeKey, const std::string*> first;
  for (auto& [path, item] : plan_.items) {
    if (!item.linked) continue;
    const auto [at, fresh] = first.try_emplace({item.device, item.ino}, &path);
    if (!fresh) item.first = *at->second;
  }
}

void RoundPlanner::drop_implied_deletions() {
  const auto implied = [&](std::string_view path) {
    for (auto part = parent_of(path); !part.empty() && part != "."; part = parent_of(part))
      if (absent_.contains(part)) return true;
    return false;
  };
  for (const auto& path : absent_)
    if (!implied(path)) plan_.deletions.push_back(path);
}

}  // namespace moult::files
