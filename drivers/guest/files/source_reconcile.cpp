// The first round of a direction: everything that differs from what the target said it has.
#include "drivers/guest/files/source_round.hpp"

namespace moult::files {

/// An entry whose hash stands for the inode as it is now, from an earlier round or from this set's life as a target.
const Entry* SourceSet::known_hash(const std::string& path, const struct stat& st, const RoundContext& context) const {
  const auto stamp = stamp_of(st);
  for (const auto* manifest : {&manifest_, context.hints}) {
    const auto* entry = manifest == nullptr ? nullptr : manifest->find(path);
    if (entry != nullptr && entry->stamp == stamp && entry->is(Entry::hash_valid) && entry->is(Entry::settled))
      return entry;
  }
  return nullptr;
}

/// Remembers a path that both sides have alike.
void SourceSet::keep_unchanged(const std::string& path, const struct stat& st, const Entry& theirs,
                               const RoundContext& context) {
  Entry entry = entry_of(st);
  if (const auto* known = known_hash(path, st, context)) {
    entry.hash = known->hash;
    entry.set(Entry::hash_valid);
  } else if (theirs.is(Entry::hash_valid)) {
    entry.hash = theirs.hash;
    entry.set(Entry::hash_valid);
  }
  entry.set(Entry::settled, changed_before(st, wall_now()));
  entry.set(Entry::synced, changed_before(st, sync_started_));
  entry.at_rest = changed_before(st, context.frozen_last);
  forget(path);
  manifest_.put(path, entry);
  note_size(path, is_large(st));
}

Result<RoundPlan> SourceSet::plan_reconcile(const Changes& changes, const RoundContext& context) {
  // Here the plan asks about the other side's paths: whatever it has that is gone here is a deletion.
  RoundPlanner planner(tree_, filter_, *theirs_, {true, true, true, 0});
  ++scan_;
  const auto meet = [&](const Visit& found) -> Result<bool> {
    const auto* theirs = theirs_->find(found.path);
    theirs_->mark_seen(found.path, scan_);
    manifest_.mark_seen(found.path, scan_);
    const bool same = theirs != nullptr && !theirs->is(Entry::absent) && !theirs->is(Entry::carried) &&
                      !theirs->is(Entry::doubted) && theirs->stamp == stamp_of(found.st) &&
                      !changes.paths.contains(found.path);
    if (!same) {
      planner.force(found.path, found.st, true);
      return true;
    }
    keep_unchanged(found.path, found.st, *theirs, context);
    manifest_.mark_seen(found.path, scan_);
    return true;
  };
  MOULT_ASSIGN(const auto root, tree_.stat("."));
  const std::string dot = ".";
  if (root) MOULT_TRY(meet(Visit{dot, *root}).map([](bool) {}));
  MOULT_TRY(walk(tree_, ".", filter_, meet));
  for (const auto& [path, entry] : *theirs_) {
    const bool theirs_alone = entry.seen != scan_ && (!entry.is(Entry::absent) || entry.is(Entry::carried));
    if (theirs_alone && filter_.takes(path, S_ISDIR(entry.mode))) planner.note_absent(path);
  }
  return planner.finish();
}

}  // namespace moult::files
