#include "drivers/guest/files/source_set.hpp"

#include <unistd.h>

#include <algorithm>

#include "drivers/guest/files/source_round.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {

SourceSet::SourceSet(Tree tree, const FileSet& set, std::size_t pending_limit, std::uint64_t large_file)
    : tree_(std::move(tree)),
      filter_(set.include, set.exclude),
      log_(std::make_shared<ChangeLog>(pending_limit)),
      large_file_(large_file) {}

Result<EmitReport> SourceSet::emit(RoundMode mode, const ByteSource& manifest, const ByteSink& sink,
                                   const RoundContext& context) {
  Changes changes = log_->take();
  auto report = emit_taken(mode, changes, manifest, sink, context);
  if (!report) log_->put_back(std::move(changes));
  theirs_.reset();
  signatures_.clear();
  tree_.forget();
  return report;
}

Result<EmitReport> SourceSet::emit_taken(RoundMode mode, Changes& changes, const ByteSource& manifest,
                                         const ByteSink& sink, const RoundContext& context) {
  EmitReport report;
  if (mode == RoundMode::events) report.scan_reason = !context.no_events.empty() ? context.no_events : changes.lost;
  report.scanned = mode != RoundMode::events || !report.scan_reason.empty();
  sync_started_ = context.frozen_since;
  frozen_last_ = context.frozen_last;
  if ((report.scanned || context.mapped) && sync_started_ == 0) {
    sync_started_ = wall_now();
    if (::syncfs(tree_.root()) != 0)
      return system_failure("cannot sync the file system of " + shown(tree_.path()), errno);
  }
  if (mode == RoundMode::reconcile) {
    theirs_ = std::make_unique<Manifest>();
    PathSet conflicts;
    MOULT_TRY(load_manifest(manifest, *theirs_, conflicts));
  }
  if (std::exchange(asked_, false)) {
    MOULT_ASSIGN(signatures_, load_signatures(manifest));
  }
  MOULT_ASSIGN(const auto plan,
               theirs_ ? plan_reconcile(changes, context) : plan_round(report.scanned, changes, context));
  Round round(tree_);
  RecordWriter writer(sink);
  MOULT_TRY(send_plan(plan, writer, round));
  MOULT_TRY(writer.end(round.counts));
  report.paths = round.counts.records;
  report.deletions = round.counts.deletions;
  report.bytes = writer.content_bytes();
  report.as_differences = round.as_differences;
  commit(round, mode == RoundMode::reconcile);
  report.large = large_.size();
  return report;
}

Result<bool> SourceSet::reopen() {
  if (tree_.still_there()) return false;
  MOULT_ASSIGN(tree_, Tree::open(tree_.path()));
  return true;
}

Result<RoundPlan> SourceSet::plan_round(bool scan, const Changes& changes, const RoundContext& context) {
  const bool unwatched = !context.no_events.empty() || !changes.lost.empty();
  RoundPlanner planner(tree_, filter_, manifest_, {complete_, scan, unwatched, context.writes_ended()});
  MOULT_TRY(planner.add(changes));
  if (scan) MOULT_TRY(planner.scan(++scan_));
  return planner.finish();
}

Result<> SourceSet::send_plan(const RoundPlan& plan, RecordWriter& writer, Round& round) {
  for (const auto& path : plan.deletions) {
    MOULT_TRY(writer.deletion(path));
    ++round.counts.deletions;
    round.deletions.push_back(path);
  }
  for (const auto& [path, item] : plan.items)
    if (auto sent = send_item(path, item, writer, round); !sent)
      return pass(std::move(sent), "set " + shown(tree_.path()));
  return {};
}

/// What the other side, or the last round, already has of this path: then its hash decides whether it is sent.
std::optional<Entry> SourceSet::already_there(const std::string& path, const Item& item) const {
  const auto* known = theirs_ ? theirs_->find(path) : item.changed ? nullptr : manifest_.find(path);
  const bool carried = theirs_ && known != nullptr && known->is(Entry::carried);
  if (known == nullptr || known->is(Entry::absent) || !(carried || known->is(Entry::hash_valid))) return std::nullopt;
  return *known;
}

Result<> SourceSet::send_item(const std::string& path, const Item& item, RecordWriter& writer, Round& round) {
  bool carried = true, sent = false;
  std::optional<Observed> seen;
  if (const auto known = already_there(path, item)) {
    MOULT_ASSIGN(seen, observe(path, item, nullptr, round));
    sent = !seen || seen->hash != known->hash || !seen->stable;
    carried = sent || known->is(Entry::carried);
    if (seen && sent) {
      MOULT_ASSIGN(seen, observe(path, item, &writer, round));
    }
  } else {
    MOULT_ASSIGN(seen, observe(path, item, &writer, round));
    sent = true;
  }
  if (!seen) {  // gone since it was looked at, or its first name is: the next round sees how things are then
    round.again.paths[path] = Changes::touched | Changes::deep;
    return {};
  }
  if (sent) ++round.counts.records;
  if (!seen->stable) round.again.paths[path] = Changes::suspect;
  Entry entry = entry_of(seen->st);
  entry.hash = seen->hash;
  entry.seen = scan_;
  entry.set(Entry::hash_valid, seen->stable);
  entry.set(Entry::carried, carried);
  entry.set(Entry::settled, changed_before(seen->st, seen->at));
  entry.set(Entry::synced, sync_started_ != 0 && changed_before(seen->st, sync_started_));
  entry.at_rest = changed_before(seen->st, frozen_last_);
  round.updates.push_back({path, entry, is_large(seen->st)});
  if (item.linked && item.first.empty()) round.firsts[path] = {seen->st.st_ino, seen->hash};
  return {};
}

Result<std::optional<Observed>> SourceSet::observe(const std::string& path, const Item& item, RecordWriter* writer,
                                                   Round& round) {
  if (item.first.empty()) {
    if (writer == nullptr) return round.reader.hash(path);
    const auto base = signatures_.find(path);
    if (base == signatures_.end()) return round.reader.send(path, *writer);
    const auto before = writer->content_bytes();
    MOULT_ASSIGN(const auto seen, round.reader.send_difference(path, base->second, *writer));
    if (!seen) return seen;
    const auto size = static_cast<std::uint64_t>(seen->st.st_size);
    round.as_differences += size;
    note_likeness(path, size, writer->content_bytes() - before);
    return seen;
  }
  const auto first = round.firsts.find(item.first);
  MOULT_ASSIGN(const auto st, tree_.stat(path));
  if (!st || first == round.firsts.end() || first->second.first != st->st_ino) return std::optional<Observed>();
  Observed seen{*st, wall_now(), ItemReader::link_hash(item.first, first->second.second), true};
  if (writer != nullptr) MOULT_TRY(ItemReader::send_link(path, item.first, first->second.second, *writer));
  return std::optional(seen);
}

void SourceSet::commit(Round& round, bool reconciled) {
  if (reconciled) {
    digest_ = SetDigest{};
    std::vector<std::string> gone;
    for (const auto& [path, entry] : manifest_) {
      if (entry.seen != scan_) gone.push_back(path);
    }
    for (const auto& path : gone) {
      manifest_.erase(path);
      note_size(path, false);
    }
    manifest_.drop_flag(Entry::carried);
    complete_ = true;
  }
  for (const auto& path : round.deletions) {
    for (const auto& below : manifest_.below(path)) forget(below);
    forget(path);
  }
  for (const auto& update : round.updates) {
    if (!S_ISDIR(update.entry.mode))
      for (const auto& below : manifest_.below(update.path)) forget(below);
    carry(update.path, update.entry);
    note_size(update.path, update.large);
  }
  digested_.clear();
  log_->put_back(std::move(round.again));
}

void SourceSet::forget(const std::string& path) {
  const auto* known = manifest_.find(path);
  if (known == nullptr) return;
  if (known->is(Entry::carried)) digest_.remove(path, known->hash);
  manifest_.erase(path);
  note_size(path, false);
}

void SourceSet::carry(const std::string& path, const Entry& entry) {
  const auto* known = manifest_.find(path);
  if (known != nullptr && known->is(Entry::carried)) digest_.remove(path, known->hash);
  if (entry.is(Entry::carried)) digest_.add(path, entry.hash);
  manifest_.put(path, entry);
}

std::uint8_t SourceSet::note_inodes(const std::unordered_map<std::uint64_t, std::uint8_t>& inodes) {
  std::uint8_t noted = 0;
  for (const auto& [ino, flags] : inodes) {
    for (const auto& path : manifest_.with_inode(ino)) {
      if (!S_ISREG(manifest_.find(path)->mode)) continue;
      log_->note(path, flags);
      noted |= flags;
    }
  }
  return noted;
}

Result<Pending> SourceSet::pending() {
  constexpr std::size_t kLookedAt = 2000;  // an estimate need not look at more
  tree_.forget();
  const Changes changes = log_->copy();
  Pending pending{changes.paths.size(), 0, !changes.lost.empty()};
  std::size_t looked = 0;
  for (const auto& [path, flags] : changes.paths) {
    if (looked == kLookedAt) break;
    ++looked;
    MOULT_ASSIGN(const auto st, tree_.stat(path));
    if (st && S_ISREG(st->st_mode)) pending.bytes += static_cast<std::uint64_t>(st->st_size);
  }
  if (looked > 0) pending.bytes = pending.bytes * changes.paths.size() / looked;
  return pending;
}

}  // namespace moult::files
