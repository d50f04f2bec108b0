// Comparing what is there with what the source has, beside the rounds.
#include "drivers/guest/files/apply_round.hpp"

namespace moult::files {

/// Both sides must have the path alike unless the target has its own version, by its update, by `migrate` or by a rule.
Result<> ApplyRound::on_check(const std::string& path, const Hash& hash) {
  MOULT_ASSIGN(const auto st, tree_.stat(path));
  MOULT_ASSIGN(const bool own, set_->own_change(path, st));
  const auto* known = manifest_.find(path);
  const bool as_it_came = known == nullptr || (!known->is(Entry::turned) && !known->is(Entry::doubted) &&
                                               (known->is(Entry::hash_valid) || !known->is(Entry::carried)));
  if (own || !as_it_came || set_->conflicts_.contains(path)) return {};
  MOULT_ASSIGN(const auto seen, reader_.hash(path));
  if (seen && seen->hash == hash) return {};
  report_.differing.push_back(path);
  auto* entry = manifest_.edit(path);
  if (entry == nullptr) return {};  // nothing is known of it: a reconciling round sends it as it is
  if (entry->is(Entry::carried)) set_->digest_.remove(path, entry->hash);
  entry->set(Entry::carried, false);
  entry->set(Entry::hash_valid, false);
  entry->set(Entry::doubted);
  return {};
}

}  // namespace moult::files
