#include "drivers/guest/files/apply_round.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "drivers/guest/files/extents.hpp"
#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {

ApplyRound::ApplyRound(std::shared_ptr<TargetSet> set, MergeSettings merge)
    : set_(std::move(set)),
      tree_(set_->tree_),
      manifest_(set_->manifest_),
      merge_(std::move(merge)),
      records_(*this),
      reader_(tree_) {
  tree_.forget();
}

ApplyRound::~ApplyRound() {
  const std::lock_guard lock(set_->mutex);
  temp_.reset();
  if (!finished_) (void)seal_files();
  if (!finished_) (void)restore_directories();
  tree_.forget();
}

Result<> ApplyRound::write(Bytes records) {
  const std::lock_guard lock(set_->mutex);
  if (broken_) return fail(Code::io, "the round failed already", "begin a new round");
  auto done = records_.feed(records);
  broken_ = !done;
  return done;
}

Result<ApplyReport> ApplyRound::finish() {
  const std::lock_guard lock(set_->mutex);
  if (broken_ || finished_) return fail(Code::io, "the round failed already", "begin a new round");
  if (!ended_) return fail(Code::io, "the round's records end early", "send the round again");
  finished_ = true;
  commit();
  for (const auto& [path, unused] : set_->conflicts_) report_.conflicts.push_back(path);
  return std::move(report_);
}

Result<> ApplyRound::on_entry(Meta meta) {
  meta_ = std::move(meta);
  content_ = ContentHash();
  patched_.reset();
  stale_ = false;
  temp_.reset();
  MOULT_ASSIGN(const bool has_parent, prepare_parent(meta_.path));
  orphan_ = !has_parent;
  if (meta_.kind != Kind::file || orphan_) return {};
  MOULT_TRY(touch_parent(meta_.path));
  temp_ = std::make_unique<TempItem>(tree_);
  const auto* known = manifest_.find(meta_.path);
  return temp_->make_file(meta_.path, known == nullptr || known->is(Entry::absent));
}

Result<> ApplyRound::on_data(std::uint64_t offset, Bytes bytes) {
  content_.update(offset, bytes);
  report_.bytes += bytes.size();
  if (!temp_) return {};
  auto done = write_at(temp_->fd(), offset, bytes);
  return done ? done : Result<>(pass(std::move(done), "file " + shown(meta_.path)));
}

/// What a stamp of before this round became, where the inode only lost or gained a name in it.
Stamp ApplyRound::stamp_now(const std::string& path, const Stamp& before) const {
  const auto moved = restamped_.find(path);
  const auto* known = manifest_.find(path);
  return moved != restamped_.end() && moved->second == before && known != nullptr ? known->stamp : before;
}

/// A difference counts for the very version that its signature was taken of.
Result<> ApplyRound::on_base(const Stamp& stamp) {
  MOULT_ASSIGN(const auto place, tree_.place(meta_.path));
  Fd old = place ? open_file_at(*place) : Fd();
  const Stamp from = stamp_now(meta_.path, stamp);
  if (temp_ && old) patched_ = std::make_unique<PatchedFile>(std::move(old), from, temp_->fd(), meta_.size);
  stale_ = !patched_ || patched_->moved();
  return {};
}

Result<> ApplyRound::on_delta(Bytes bytes) {
  report_.bytes += bytes.size();
  if (stale_) return {};
  auto done = patched_->feed(bytes);
  stale_ = !done && patched_->moved();
  return done || stale_ ? Result<>{} : Result<>(pass(std::move(done), "file " + shown(meta_.path)));
}

/// The hash of what came. nullopt: a difference that made something else, since its base was written to or a block of
/// it was taken for another.
Result<std::optional<Hash>> ApplyRound::content_of(const Close& close) {
  if (stale_) return std::optional<Hash>();
  if (!patched_) return std::optional(content_.finish(close.size));
  auto done = patched_->finish();
  if (patched_->moved()) return std::optional<Hash>();
  if (!done) return pass(std::move(done));
  const auto hash = patched_->content_hash();
  const bool right = patched_->size() == close.size && record_hash(meta_, hash) == close.record;
  return right ? std::optional(hash) : std::nullopt;
}

/// A further name of a file that is to be sent whole comes with it.
bool ApplyRound::waits() const {
  return meta_.kind == Kind::hard_link &&
         std::find(report_.stale.begin(), report_.stale.end(), meta_.link) != report_.stale.end();
}

Result<> ApplyRound::on_close(const Close& close) {
  auto content = content_of(close);
  patched_.reset();
  if (!content) return pass(std::move(content), "file " + shown(meta_.path));
  if (!*content || waits()) {
    report_.stale.push_back(meta_.path);
    temp_.reset();
    return {};
  }
  if (record_hash(meta_, **content) != close.record)
    return fail(Code::mismatch, shown(meta_.path) + " did not arrive as it was sent", "send the round again");
  auto done = settle(close);
  temp_.reset();
  return done ? done : Result<>(pass(std::move(done), "path " + shown(meta_.path)));
}

/// The target may have removed a directory that the original still writes into.
Result<bool> ApplyRound::prepare_parent(const std::string& path) {
  if (path == ".") return true;
  MOULT_ASSIGN(const auto place, tree_.place(path));
  if (place) return true;
  if (by_rule(path, false) != Decision::apply) return false;
  const std::string parent(parent_of(path));
  MOULT_ASSIGN(const bool above, prepare_parent(parent));
  MOULT_ASSIGN(const auto parent_place, tree_.place(parent));
  if (!above || !parent_place) return false;
  if (::mkdirat(parent_place->directory, parent_place->name.c_str(), 0755) != 0) return false;
  MOULT_TRY(record_present(parent));
  return true;
}

Result<> ApplyRound::settle_orphan(const Close& close) {
  if (by_rule(meta_.path, false) != Decision::keep) {
    note_conflict(meta_.path);
    return {};
  }
  note_kept(meta_.path);
  carried(meta_.path, close.record, false);
  return {};
}

Result<> ApplyRound::settle(const Close& close) {
  if (orphan_) return settle_orphan(close);
  MOULT_ASSIGN(const auto present, tree_.stat(meta_.path));
  MOULT_ASSIGN(const auto decision, decide(present, close.record));
  switch (decision) {
    case Decision::unchanged:
      ++report_.unchanged;
      note_free(meta_.path);
      forget_below();
      carried(meta_.path, close.record, true);
      if (meta_.kind == Kind::directory) directories_[meta_.path] = {meta_.mtime, meta_.atime, meta_.inode_flags};
      return record_present(meta_.path);
    case Decision::keep:
      note_kept(meta_.path);
      carried(meta_.path, close.record, false);
      return {};
    case Decision::conflict:
      note_conflict(meta_.path);
      return {};
    case Decision::merge:
      return merge(*present, close);
    case Decision::apply:
      break;
  }
  return install(present, close);
}

Result<> ApplyRound::install(const std::optional<struct stat>& present, const Close& close) {
  const bool was_directory = present && S_ISDIR(present->st_mode);
  if (meta_.kind == Kind::directory && was_directory) {
    MOULT_TRY(dress_directory());
  } else {
    if (was_directory) {
      MOULT_ASSIGN(const bool free, replaced_below(meta_.path));
      if (!free) {
        note_conflict(meta_.path);
        return {};
      }
    }
    MOULT_TRY(replace(present, close));
  }
  if (meta_.kind == Kind::directory) directories_[meta_.path] = {meta_.mtime, meta_.atime, meta_.inode_flags};
  forget_below();
  MOULT_TRY(record_present(meta_.path));
  carried(meta_.path, close.record, true);
  note_applied(meta_.path);
  return {};
}

Result<> ApplyRound::replace(const std::optional<struct stat>& present, const Close& close) {
  MOULT_TRY(touch_parent(meta_.path));
  Siblings siblings;
  if (present) {
    MOULT_ASSIGN(siblings, siblings_of(meta_.path, *present));
    if (!siblings.empty()) MOULT_TRY(unseal(meta_.path).map([](bool) {}));
  }
  if (!temp_) temp_ = std::make_unique<TempItem>(tree_);
  MOULT_TRY(make(close, siblings));
  MOULT_TRY(temp_->install(present));
  if (meta_.kind == Kind::file) MOULT_TRY(seal_later(meta_.inode_flags));
  return restamp(siblings);
}

/// Makes whole, under a temporary name, what the record describes.
Result<> ApplyRound::make(const Close& close, Siblings& siblings) {
  if (meta_.kind == Kind::file) return temp_->dress_file(meta_, close.size);
  if (meta_.kind != Kind::hard_link) return temp_->make_special(meta_);
  MOULT_ASSIGN(const auto first, tree_.stat(meta_.link));
  if (first) {
    MOULT_ASSIGN(const auto more, siblings_of(meta_.path, *first));
    siblings.insert(siblings.end(), more.begin(), more.end());
    siblings.push_back(meta_.link);
  }
  auto made = temp_->make_link(meta_.path, meta_.link);
  if (made) return made;
  MOULT_ASSIGN(const bool was_sealed, unseal(meta_.link));
  return was_sealed ? temp_->make_link(meta_.path, meta_.link) : std::move(made);
}

Result<> ApplyRound::dress_directory() {
  MOULT_ASSIGN(const auto fd, tree_.open_directory(meta_.path, O_RDONLY));
  if (!fd) return fail(Code::io, "the directory vanished while it was written to");
  make_mutable(fd->get());
  if (::fchown(fd->get(), meta_.uid, meta_.gid) != 0) return system_failure("cannot give it its owner", errno);
  MOULT_TRY(write_xattrs(fd_path(fd->get()), true, meta_.xattrs));
  if (::fchmod(fd->get(), meta_.mode) != 0) return system_failure("cannot set its mode", errno);
  return {};
}

/// The present state of a path becomes the known one: what the target changes from here on is its own change. What was
/// carried before stays until the round is finished.
Result<> ApplyRound::record_present(const std::string& path) {
  MOULT_ASSIGN(const auto st, tree_.stat(path));
  if (!st) return {};
  MOULT_ASSIGN(auto entry, set_->look(path, *st));
  if (const auto* known = manifest_.find(path)) {
    entry.hash = known->hash;
    entry.set(Entry::carried, known->is(Entry::carried));
  }
  manifest_.put(path, entry);
  return {};
}

}  // namespace moult::files
