// The digest of what was carried, as the files are now: what is pending is read, all else is known.
#include <unistd.h>

#include "drivers/guest/files/source_round.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {

Result<std::string> SourceSet::digest(const RoundContext& context) {
  Changes changes = log_->copy();
  const bool scan = !context.no_events.empty() || !changes.lost.empty();
  MOULT_ASSIGN(const auto plan, plan_round(scan, changes, context));
  SetDigest digest = digest_;
  const auto drop = [&](const std::string& path) {
    const auto* known = manifest_.find(path);
    if (known != nullptr && known->is(Entry::carried)) digest.remove(path, known->hash);
  };
  for (const auto& path : plan.deletions) {
    for (const auto& below : manifest_.below(path)) drop(below);
    drop(path);
  }
  decltype(digested_) read;
  Round round(tree_);
  for (const auto& [path, item] : plan.items) {
    const auto* known = manifest_.find(path);
    if (known == nullptr || !known->is(Entry::carried)) continue;
    MOULT_ASSIGN(const auto st, tree_.stat(path));
    const auto before = digested_.find(path);
    const auto change = changes.paths.find(path);
    const bool written =
        change != changes.paths.end() && (change->second & (Changes::written | Changes::held | Changes::closed)) != 0;
    std::optional<Hash> hash;
    if (st && !written && before != digested_.end() && before->second.first == stamp_of(*st) &&
        changed_before(*st, wall_now())) {
      hash = before->second.second;
    } else {
      MOULT_ASSIGN(const auto seen, observe(path, item, nullptr, round));
      if (seen) hash = seen->hash;
    }
    if (st && hash) read[path] = {stamp_of(*st), *hash};
    if (st && hash && item.linked && item.first.empty()) round.firsts[path] = {st->st_ino, *hash};
    drop(path);
    if (hash) digest.add(path, *hash);
  }
  digested_ = std::move(read);
  tree_.forget();
  return digest.hex();
}

}  // namespace moult::files
