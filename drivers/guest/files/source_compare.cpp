// The comparison of both sides' files that goes on beside the rounds: whatever capture, stamps and hashes say, the
// content is read again, here and there.
#include <chrono>

#include "drivers/guest/files/source_round.hpp"

namespace moult::files {
namespace {

// One turn's bounds: rounds wait for it.
constexpr std::chrono::milliseconds kTurnTime{250};
constexpr std::uint64_t kTurnBytes = 64U << 20;
constexpr std::uint64_t kPartBytes = 16U << 20;  // what was begun of a file is ended, on both sides

}  // namespace

/// Nothing of a path that is not at rest, or not as it was last sent: a round brings it.
Result<std::optional<Observed>> SourceSet::read_at_rest(const std::string& path, const Entry& entry, ItemReader& reader,
                                                        Part& part) {
  MOULT_ASSIGN(const auto st, tree_.stat(path));
  if (!st || stamp_of(*st) != entry.stamp || !changed_before(*st, wall_now())) return std::optional<Observed>();
  MOULT_ASSIGN(const auto seen, reader.hash_part(path, part));
  if (!seen || !seen->stable || stamp_of(seen->st) != entry.stamp) return std::optional<Observed>();
  return seen;
}

/// It was written to without a trace, through a mapping or beside the file system: the next round carries it.
bool SourceSet::changed_unseen(const std::string& path, Entry& entry, const Hash& hash) {
  if (!entry.is(Entry::hash_valid) || entry.is(Entry::linked) || entry.hash == hash) return false;
  entry.set(Entry::settled, false);
  entry.set(Entry::synced, false);
  entry.set(Entry::hash_valid, entry.is(Entry::carried));
  log_->note(path, Changes::touched | Changes::suspect);
  return true;
}

/// A part of a file, and past the file behind its last one.
Result<> SourceSet::compare_one(const std::string& path, const Unseen& unseen, ItemReader& reader, RecordWriter& writer,
                                EmitReport& report) {
  const auto begun = std::exchange(compared_, Compared{path, {}, 0});  // what fails here does not fail again
  auto* entry = manifest_.edit(path);
  if (!S_ISREG(entry->mode) || unseen.may_hit(*entry)) return {};
  Part part;
  part.start = begun.within == path ? begun.offset : 0;
  part.most = kPartBytes;
  MOULT_ASSIGN(const auto seen, read_at_rest(path, *entry, reader, part));
  if (!seen) return {};
  report.bytes += part.bytes;
  const auto size = static_cast<std::uint64_t>(seen->st.st_size);
  if (part.start > 0 && part.start >= size) return {};  // it was cut since its last part, and carried as it is now
  if (part.start == 0 && part.end == size && changed_unseen(path, *entry, seen->hash)) return {};
  MOULT_TRY(writer.check({path, part.start, part.end, seen->hash}));
  if (part.end < size)
    compared_ = {begun.after, path, part.end};
  else
    ++report.paths;
  return {};
}

Result<EmitReport> SourceSet::compare_some(const ByteSink& sink, Unseen unseen) {
  const auto until = std::chrono::steady_clock::now() + kTurnTime;
  const Changes changes = log_->copy();
  for (const auto& [path, flags] : changes.paths)
    if (const auto* known = manifest_.find(path);
        known != nullptr && (flags & (Changes::suspect | Changes::written)) != 0)
      unseen.inodes.insert(known->ino);
  const bool lost = !changes.lost.empty();  // a set that must be scanned says nothing about its files before
  EmitReport report;
  RecordWriter writer(sink);
  ItemReader reader(tree_);
  tree_.forget();
  report.finished = false;
  while (!lost && !report.finished && report.bytes < kTurnBytes && std::chrono::steady_clock::now() < until) {
    const auto next = manifest_.after(compared_.after);
    report.finished = next == manifest_.end();
    if (!report.finished) MOULT_TRY(compare_one(next->first, unseen, reader, writer, report));
  }
  if (report.finished) compared_ = Compared{};
  tree_.forget();
  report.large = large_.size();
  MOULT_TRY(writer.end({}));
  return report;
}

}  // namespace moult::files
