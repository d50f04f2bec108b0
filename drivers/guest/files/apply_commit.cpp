// What a round leaves behind: stamps of siblings, times of directories, and at its end what was carried.
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "drivers/guest/files/apply_round.hpp"
#include "drivers/guest/files/metadata.hpp"
#include "drivers/guest/files/system_error.hpp"

namespace moult::files {
namespace {

struct timespec time_of(std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  auto rest = nanoseconds % kSecond;
  if (rest < 0) rest += kSecond;
  return {static_cast<time_t>((nanoseconds - rest) / kSecond), static_cast<long>(rest)};
}

}  // namespace

Result<ApplyRound::Siblings> ApplyRound::siblings_of(const std::string& path, const struct stat& st) {
  return S_ISDIR(st.st_mode) || st.st_nlink < 2 ? Siblings() : names_as_known(st, path);
}

ApplyRound::Siblings ApplyRound::names_as_known(const struct stat& st, const std::string& but) {
  Siblings names;
  const auto stamp = stamp_of(st);
  for (auto& name : manifest_.with_inode(st.st_ino)) {
    const auto* known = manifest_.find(name);
    if (name != but && !known->is(Entry::absent) && known->stamp == stamp) names.push_back(std::move(name));
  }
  return names;
}

Result<> ApplyRound::restamp(const Siblings& names) {
  for (const auto& name : names) {
    MOULT_ASSIGN(const auto st, tree_.stat(name));
    const auto* known = manifest_.find(name);
    if (!st || known == nullptr) continue;
    Entry entry = *known;
    const Entry now = entry_of(*st);
    restamped_.try_emplace(name, known->stamp);
    entry.ino = now.ino;
    entry.stamp = now.stamp;
    entry.set(Entry::linked, now.is(Entry::linked));
    manifest_.put(name, entry);
  }
  return {};
}

/// Writing into a directory moves its times, which are the original's to move.
Result<> ApplyRound::touch_parent(const std::string& path) {
  const std::string parent(parent_of(path));
  if (parent.empty() || directories_.contains(parent)) return {};
  MOULT_ASSIGN(const auto st, tree_.stat(parent));
  if (!st) return {};
  const Meta now = meta_of(parent, *st);
  Times times{now.mtime, now.atime, 0};
  MOULT_ASSIGN(const auto fd, tree_.open_directory(parent, O_RDONLY));
  if (fd) {
    times.inode_flags = read_inode_flags(fd->get());
    make_mutable(fd->get());
  }
  directories_[parent] = times;
  return {};
}

Result<> ApplyRound::restore_directories() {
  for (const auto& [path, times] : directories_) {
    MOULT_ASSIGN(const auto fd, tree_.open_directory(path, O_RDONLY));
    if (!fd) continue;
    const struct timespec both[2] = {time_of(times.atime), time_of(times.mtime)};
    if (::futimens(fd->get(), both) != 0) return system_failure("cannot set the times of " + shown(path), errno);
    MOULT_TRY(write_inode_flags(fd->get(), times.inode_flags));
    const auto* known = manifest_.find(path);
    struct stat st {};
    if (known == nullptr || known->is(Entry::absent) || ::fstat(fd->get(), &st) != 0) continue;
    Entry entry = *known;
    entry.ino = st.st_ino;
    entry.stamp = stamp_of(st);
    manifest_.put(path, entry);
  }
  directories_.clear();
  return {};
}

Result<> ApplyRound::on_end(const RoundEnd&) {
  MOULT_TRY(seal_files());
  MOULT_TRY(restore_directories());
  tree_.forget();
  ended_ = true;
  return {};
}

void ApplyRound::commit_deletions() {
  for (const auto& path : deleted_) {
    auto* entry = manifest_.edit(path);
    if (entry == nullptr) continue;
    if (entry->is(Entry::carried)) set_->digest_.remove(path, entry->hash);
    entry->set(Entry::carried, false);
    if (entry->is(Entry::absent)) manifest_.erase(path);
  }
}

void ApplyRound::commit() {
  commit_deletions();
  commit_differing();
  for (const auto& [path, came] : carried_) {
    auto* entry = manifest_.edit(path);
    if (entry == nullptr) {
      Entry missing;
      missing.set(Entry::absent);
      entry = &manifest_.put(path, missing);
    }
    if (entry->is(Entry::carried)) set_->digest_.remove(path, entry->hash);
    set_->digest_.add(path, came.hash);
    entry->hash = came.hash;
    entry->set(Entry::carried);
    entry->set(Entry::hash_valid, came.as_is && !entry->is(Entry::absent));
  }
  for (const auto& [path, conflict] : verdicts_) {
    if (conflict)
      set_->conflicts_.emplace(path, 0);
    else
      set_->conflicts_.erase(path);
  }
}

}  // namespace moult::files
