// The comparison of both sides' files that goes on beside the rounds: whatever capture, stamps and hashes say, the content
// is read again, here and there.
#include <chrono>

#include "drivers/guest/files/source_round.hpp"

namespace moult::files {
namespace {

// One part's bounds: rounds wait for it.
constexpr std::chrono::milliseconds kPartTime{250};
constexpr std::uint64_t kPartBytes = 64U << 20;

}  // namespace

/// The hash of what is there, of a path at rest; nothing where it is not, since a round will bring it then.
Result<std::optional<Hash>> SourceSet::settled_hash(const std::string& path, Entry& entry, ItemReader& reader) {
  MOULT_ASSIGN(const auto st, tree_.stat(path));
  if (!st || stamp_of(*st) != entry.stamp || !changed_before(*st, wall_now())) return std::optional<Hash>();
  MOULT_ASSIGN(const auto seen, reader.hash(path));
  if (!seen || !seen->stable || stamp_of(seen->st) != entry.stamp) return std::optional<Hash>();
  if (entry.is(Entry::hash_valid) && !entry.is(Entry::linked) && seen->hash != entry.hash) {
    // Written without a trace, through a mapping or beside the file system: the next round carries it.
    entry.set(Entry::settled, false);
    entry.set(Entry::synced, false);
    entry.set(Entry::hash_valid, entry.is(Entry::carried));
    log_->note(path, Changes::touched | Changes::suspect);
    return std::optional<Hash>();
  }
  return std::optional<Hash>(seen->hash);
}

Result<EmitReport> SourceSet::compare_some(const ByteSink& sink) {
  const auto until = std::chrono::steady_clock::now() + kPartTime;
  const Changes changes = log_->copy();
  EmitReport report;
  RecordWriter writer(sink);
  ItemReader reader(tree_);
  report.finished = false;
  // A set that must be scanned says nothing about its files before it was.
  const auto begin = changes.lost.empty() ? manifest_.after(compared_) : manifest_.end();
  const auto in_bounds = [&] { return std::chrono::steady_clock::now() < until && report.bytes < kPartBytes; };
  // At least one: a machine that has no time to spare gets through as well.
  for (auto at = begin; at != manifest_.end() && (at == begin || in_bounds()); ++at) {
    compared_ = at->first;
    if (!S_ISREG(at->second.mode) || changes.paths.contains(at->first)) continue;
    MOULT_ASSIGN(const auto hash, settled_hash(at->first, *manifest_.edit(at->first), reader));
    if (!hash) continue;
    MOULT_TRY(writer.check(at->first, *hash));
    ++report.paths;
    MOULT_ASSIGN(const auto st, tree_.stat(at->first));
    if (st) report.bytes += static_cast<std::uint64_t>(st->st_size);
  }
  tree_.forget();
  if (manifest_.after(compared_) == manifest_.end()) {
    report.finished = true;
    compared_.clear();
  }
  report.large = large_.size();
  MOULT_TRY(writer.end({}));
  return report;
}

}  // namespace moult::files
