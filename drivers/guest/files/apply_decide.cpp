// Whether what came is applied: it is not where the target changed the path itself, unless a rule says so.
#include "drivers/guest/files/apply_round.hpp"
#include "drivers/guest/files/metadata.hpp"

namespace moult::files {

ApplyRound::Decision ApplyRound::by_rule(const std::string& path, bool can_merge) const {
  const auto* rule = set_->rule_for(path);
  if (rule == nullptr) return Decision::conflict;
  switch (rule->rule) {
    case ConflictRule::keep_original:
      return Decision::apply;
    case ConflictRule::keep_clone:
      return Decision::keep;
    case ConflictRule::merge:
      return can_merge && !rule->merge.empty() ? Decision::merge : Decision::conflict;
    case ConflictRule::refuse:
      break;
  }
  return Decision::conflict;
}

Result<ApplyRound::Decision> ApplyRound::decide(const std::optional<struct stat>& present, const Hash& incoming) {
  if (meta_.kind == Kind::hard_link) {
    MOULT_ASSIGN(const bool as_came, first_is_as_came());
    MOULT_ASSIGN(const bool same, present_is_link_to_first(present));
    // Its first name holds the target's own version: then this name stays what it is, too.
    if (!as_came) return by_rule(meta_.path, false) == Decision::keep ? Decision::keep : Decision::conflict;
    if (same) return Decision::unchanged;
  }
  MOULT_ASSIGN(const bool own, set_->own_change(meta_.path, present));
  if (present && meta_.kind != Kind::hard_link && kind_of(present->st_mode) == meta_.kind) {
    const bool same_mtime = meta_of(meta_.path, *present).mtime == meta_.mtime;
    if (!own && !same_mtime) return Decision::apply;  // whatever is there: a large file is not read for that
    MOULT_ASSIGN(const bool equal, equals_present(*present, incoming));
    const bool must_part = present->st_nlink > 1 && !meta_.many_names && meta_.kind != Kind::directory;
    if (equal && same_mtime && !must_part) return Decision::unchanged;
    if (equal) return Decision::apply;  // the times alone differ, or names that must part: nobody's change is lost
  }
  if (!own) return Decision::apply;
  return by_rule(meta_.path, present && S_ISREG(present->st_mode) && meta_.kind == Kind::file);
}

/// Is what is there what came, but for its mtime? Content is read only where all else agrees.
Result<bool> ApplyRound::equals_present(const struct stat& present, const Hash& incoming) {
  const Meta now = meta_of(meta_.path, present);
  if (now.mode != meta_.mode || now.uid != meta_.uid || now.gid != meta_.gid || now.rdev != meta_.rdev) return false;
  if (meta_.kind == Kind::file) {
    struct stat came {};
    if (::fstat(temp_->fd(), &came) != 0) return false;
    // The temporary file is as long as its last piece of data; a hole at the end makes the present one longer.
    if (present.st_size < came.st_size || (meta_.size != now.size && came.st_size != present.st_size)) return false;
  }
  const auto* known = manifest_.find(meta_.path);
  if (known != nullptr && known->is(Entry::hash_valid) && known->stamp == stamp_of(present) && now.mtime == meta_.mtime)
    return known->hash == incoming;
  MOULT_ASSIGN(const auto seen, reader_.hash_with_mtime(meta_.path, meta_.mtime));
  return seen && seen->hash == incoming;
}

Result<bool> ApplyRound::present_is_link_to_first(const std::optional<struct stat>& present) {
  MOULT_ASSIGN(const auto first, tree_.stat(meta_.link));
  return first && present && same_inode(*first, *present);
}

/// Does the first name of a hard link hold what the original sent, in this round or before?
Result<bool> ApplyRound::first_is_as_came() {
  const auto now = carried_.find(meta_.link);
  if (now != carried_.end()) return now->second.as_is && now->second.hash == meta_.linked;
  MOULT_ASSIGN(const auto st, tree_.stat(meta_.link));
  const auto* known = manifest_.find(meta_.link);
  if (st && known != nullptr && known->is(Entry::hash_valid) && known->stamp == stamp_of(*st))
    return known->hash == meta_.linked;
  MOULT_ASSIGN(const auto seen, reader_.hash(meta_.link));
  return seen && seen->hash == meta_.linked;
}

void ApplyRound::note_conflict(const std::string& path) { verdicts_[path] = true; }

void ApplyRound::note_free(const std::string& path) {
  if (!verdicts_.empty() || !set_->conflicts_.empty()) verdicts_[path] = false;
}

void ApplyRound::note_kept(const std::string& path) {
  note_free(path);
  report_.kept.push_back(path);
}

void ApplyRound::note_applied(const std::string& path) {
  note_free(path);
  ++report_.applied;
  report_.paths.push_back(path);
}

}  // namespace moult::files
