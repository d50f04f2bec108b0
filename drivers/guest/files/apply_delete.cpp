// Deletions, and what a replaced directory held.
#include "drivers/guest/files/apply_round.hpp"
#include "drivers/guest/files/remove_tree.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {

Result<> ApplyRound::on_deletion(const std::string& path) {
  auto present = tree_.stat(path);
  if (!present) return pass(std::move(present), "path " + shown(path));
  auto done = *present ? delete_found(path, **present) : Result<>{};
  if (!*present) {
    ++report_.unchanged;
    delete_known(path);
  }
  tree_.forget();
  return done ? done : Result<>(pass(std::move(done), "path " + shown(path)));
}

/// It is gone already: that is remembered, so that it is nobody's change.
void ApplyRound::delete_known(const std::string& path) {
  auto known = manifest_.below(path);
  known.push_back(path);
  for (const auto& each : known) {
    note_free(each);
    deleted_.push_back(each);
    if (auto* entry = manifest_.edit(each)) entry->set(Entry::absent);
  }
}

/// Removes a path with all below it, but for what the target changed itself and may keep.
Result<> ApplyRound::delete_found(const std::string& path, const struct stat& st) {
  MOULT_ASSIGN(auto found, list_below(tree_, path));
  found.insert(found.begin(), {path, st});
  std::unordered_set<std::string> staying;  // directories that still hold something
  for (auto at = found.rbegin(); at != found.rend(); ++at) {
    MOULT_ASSIGN(const bool gone, delete_one(at->path, staying.contains(at->path)));
    if (!gone) staying.insert(std::string(parent_of(at->path)));
  }
  if (!staying.contains(std::string(parent_of(path)))) {
    ++report_.deleted;
    report_.paths.push_back(path);
    delete_known(path);
  }
  return {};
}

/// False when the path stays: it may not go, or holds something that may not.
Result<bool> ApplyRound::delete_one(const std::string& path, bool holds_kept) {
  // Looked at anew: when another name of its inode went, its stamp moved.
  MOULT_ASSIGN(const auto st, tree_.stat(path));
  if (!st) return true;
  MOULT_ASSIGN(const bool may, may_delete(path, *st));
  if (may) deleted_.push_back(path);
  if (!may || holds_kept) return false;
  MOULT_TRY(touch_parent(path));
  MOULT_ASSIGN(const auto siblings, siblings_of(path, *st));
  if (!siblings.empty()) MOULT_TRY(unseal(path).map([](bool) {}));
  MOULT_TRY(remove_name(tree_, path, S_ISDIR(st->st_mode)));
  if (S_ISDIR(st->st_mode)) tree_.forget();
  if (auto* entry = manifest_.edit(path)) entry->set(Entry::absent);
  MOULT_TRY(restamp(siblings));
  directories_.erase(path);
  note_free(path);
  return true;
}

/// Deleted on one side and changed on the other is a conflict, for each path of its own.
Result<bool> ApplyRound::may_delete(const std::string& path, const struct stat& st) {
  if (!set_->filter_.takes(path, S_ISDIR(st.st_mode))) return true;  // left out of the set, and its directory is gone
  MOULT_ASSIGN(const bool own, set_->own_change(path, st));
  if (!own) return true;
  switch (by_rule(path, false)) {
    case Decision::apply:
      return true;
    case Decision::keep:
      note_kept(path);
      deleted_.push_back(path);
      return false;
    default:
      note_conflict(path);
      return false;
  }
}

/// Something else takes a directory's place. False when it holds what only the target has, and no rule gives that up.
Result<bool> ApplyRound::replaced_below(const std::string& path) {
  MOULT_ASSIGN(const auto found, list_below(tree_, path));
  bool free = true;
  for (const auto& each : found) {
    MOULT_ASSIGN(const bool may, may_delete(each.path, each.st));
    free = free && may;
  }
  if (!free) return false;
  forget_below();
  for (const auto& each : found) directories_.erase(each.path);
  return true;
}

/// What is no directory holds nothing: neither what it replaces, nor what a round that broke off took away already.
void ApplyRound::forget_below() {
  if (meta_.kind == Kind::directory || !manifest_.any_below(meta_.path)) return;
  delete_known(meta_.path);
  deleted_.pop_back();  // the path itself is there again
}

}  // namespace moult::files
