// Comparing what is there with what the source has, beside the rounds.
#include "drivers/guest/files/apply_round.hpp"
#include "drivers/guest/files/low_priority.hpp"

namespace moult::files {

/// Both sides have the path alike, unless the target has a version of its own: by its update, by `migrate` or by a
/// rule.
bool ApplyRound::as_it_came(const std::string& path) const {
  if (set_->conflicts_.contains(path)) return false;
  const auto* known = manifest_.find(path);
  if (known == nullptr) return true;
  return !known->is(Entry::turned) && !known->is(Entry::doubted) &&
         (known->is(Entry::hash_valid) || !known->is(Entry::carried));
}

Result<> ApplyRound::on_check(const Check& check) {
  if (!as_it_came(check.path)) return {};
  const LowPriority behind;
  Part part;
  part.start = check.start;
  part.end = check.end;
  // What cannot be read differs from what can.
  const auto seen = reader_.hash_part(check.path, part);
  if (seen && *seen && (*seen)->hash == check.hash) return {};
  MOULT_ASSIGN(const auto st, tree_.stat(check.path));
  MOULT_ASSIGN(const bool own, set_->own_change(check.path, st));  // behind the reading: also what changes meanwhile
  auto& differing = report_.differing;
  if (!own && (differing.empty() || differing.back() != check.path)) differing.push_back(check.path);
  return {};
}

/// Makes the next reconciling round send them, and the digests differ where they were carried before. Of a path of
/// which nothing is known that round sends all.
void ApplyRound::commit_differing() {
  for (const auto& path : report_.differing) {
    auto* entry = manifest_.edit(path);
    if (entry == nullptr) continue;
    if (entry->is(Entry::carried)) set_->digest_.remove(path, entry->hash);
    entry->set(Entry::carried, false);
    entry->set(Entry::hash_valid, false);
    entry->set(Entry::doubted);
  }
}

}  // namespace moult::files
