#include "drivers/guest/files/local_files.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "drivers/guest/files/apply_round.hpp"
#include "drivers/guest/files/capture.hpp"
#include "drivers/guest/files/freezer.hpp"
#include "drivers/guest/files/held_files.hpp"
#include "drivers/guest/files/low_priority.hpp"
#include "drivers/guest/files/source_set.hpp"
#include "drivers/guest/files/system_error.hpp"
#include "drivers/guest/files/target_set.hpp"

namespace moult {
namespace {

using namespace files;  // all of this file is about them

constexpr Millis kHeldDeadline{500};

/// A helper knows what it was told in its life: one that was begun anew knows nothing.
Unexpected unknown(const std::string& set) {
  return fail(Code::not_found,
              "the helper knows no data set " + shown(set) +
                  ": it began anew (its guest rebooted, or it was killed), and what it had noticed is lost",
              "Start again when you are ready.");
}

/// A set as the sending side keeps it.
struct Source {
  Source(Tree tree, const FileSet& file_set, const LocalFilesOptions& options)
      : set(std::move(tree), file_set, options.pending_paths, options.large_file) {}
  std::mutex mutex;
  SourceSet set;
  std::string root;                    ///< as the kernel names it
  std::string no_events;               ///< why capture does not cover it
  std::int64_t emitted_in_freeze = 0;  ///< the freeze (its start) under which the last round was taken
  bool watched = false;                ///< capture was told of it, and was not stopped since
};

/// Both lives of a set; a run's reverse direction gives it the other one.
struct Roles {
  std::string root;
  std::shared_ptr<Source> source;
  std::shared_ptr<TargetSet> target;
  bool emitted = false;  ///< since the target was opened: its knowledge is out of date
};

Result<std::string> kernel_path(const Tree& tree) {
  char path[4097];
  const auto size = ::readlink(fd_path(tree.root()).c_str(), path, sizeof path);
  if (size <= 0) return system_failure("cannot find the path of " + shown(tree.path()), errno);
  return std::string(path, static_cast<std::size_t>(size));
}

/// A subvolume has a device that no mount names.
std::set<dev_t> devices_of(const std::vector<std::string>& roots) {
  std::set<dev_t> devices;
  struct stat st {};
  for (const auto& root : roots)
    if (::stat(root.c_str(), &st) == 0) devices.insert(st.st_dev);
  return devices;
}

Result<> sync_one(const std::string& root) {
  const Fd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && ::syncfs(fd.get()) == 0) return {};
  return system_failure("cannot sync the file system of " + shown(root), errno);
}

/// Each waits for its own disk.
Result<> sync_side_by_side(const std::vector<std::string>& roots) {
  std::vector<Result<>> results(roots.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < roots.size(); ++i) threads.emplace_back([&, i] { results[i] = sync_one(roots[i]); });
    if (!roots.empty()) results[0] = sync_one(roots[0]);
  }
  for (auto& result : results) MOULT_TRY(std::move(result));
  return {};
}

class LocalFiles final : public GuestFiles {
 public:
  explicit LocalFiles(LocalFilesOptions options) : options_(std::move(options)) {}

  Result<> start_capture(const std::vector<FileSet>& sets) override;
  Result<> stop_capture() override;
  Result<Pending> pending(const std::string& set) override;
  Result<> open_target(const FileSet& set) override;
  Result<> close_target(const std::string& set) override;
  Result<> manifest(const std::string& set, const ByteSink& sink) override;
  Result<> restore_target(const FileSet& set, const ByteSource& manifest) override;
  Result<std::vector<std::string>> large(const std::string& set) override;
  Result<> signatures(const std::string& set, const std::vector<std::string>& paths, const ByteSink& sink) override;
  Result<EmitReport> emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                          const ByteSink& sink) override;
  Result<std::unique_ptr<ApplyStream>> apply(const std::string& set) override;
  Result<> accept(const std::string& set, const std::vector<std::string>& paths) override;
  Result<std::string> digest(const std::string& set) override;
  Result<Millis> freeze(const std::vector<std::string>& sets, Millis ttl) override;
  Result<bool> thaw() override { return freezer_.thaw(); }
  Result<> sync(const std::vector<std::string>& sets) override;

 private:
  Result<> start_one(const FileSet& set);
  void watch(Source& source);
  Result<> follow_root(Source& source);
  Result<std::shared_ptr<Source>> source(const std::string& set);
  Result<std::shared_ptr<TargetSet>> target(const std::string& set);
  Result<RoundContext> context_of(const std::string& set, Source& source, bool look_for_held);
  bool note_held(Source& source, bool must_know = true);
  Result<EmitReport> compare(const std::string& set, Source& source, const ByteSink& sink);
  Result<std::vector<std::string>> roots_of(const std::vector<std::string>& sets);
  std::vector<std::string> all_sets();

  const LocalFilesOptions options_;
  std::mutex mutex_;  ///< guards what follows; never held while files are read
  std::map<std::string, Roles> sets_;
  std::shared_ptr<Capture> capture_;
  std::string no_capture_;  ///< why there is none
  Freezer freezer_;
};

Result<> LocalFiles::start_capture(const std::vector<FileSet>& sets) {
  const std::lock_guard lock(mutex_);
  if (!capture_ && no_capture_.empty() && !options_.use_fanotify) no_capture_ = "capture by events is switched off";
  if (!capture_ && no_capture_.empty()) {
    if (auto started = Capture::start())
      capture_ = std::move(*started);
    else
      no_capture_ = started.error().message;
  }
  for (const auto& set : sets) MOULT_TRY(start_one(set));
  return {};
}

/// A set that cannot be watched is no failure: its rounds scan, and say why.
Result<> LocalFiles::start_one(const FileSet& set) {
  auto& roles = sets_[set.name];
  const bool again = roles.source && roles.source->set.tree().path() == set.root;
  if (again && roles.source->watched) return {};
  if (!again) {
    MOULT_ASSIGN(auto tree, Tree::open(set.root));
    MOULT_ASSIGN(auto root, kernel_path(tree));
    roles.source = std::make_shared<Source>(std::move(tree), set, options_);
    roles.source->root = std::move(root);
  }
  watch(*roles.source);
  if (again && capture_) roles.source->set.log()->lose("capture was stopped for a while");
  return {};
}

void LocalFiles::watch(Source& source) {
  source.watched = true;
  source.no_events = no_capture_;
  if (!capture_) return;
  if (auto watched = capture_->watch(source.root, source.set.filter(), source.set.log()); !watched)
    source.no_events = watched.error().message;
}

/// A program may put another directory or file system in the root's place, or lead the set's path elsewhere. Events
/// come from where the root is now; nothing that was noticed about the old one counts, and the watch is there before
/// the look at everything.
Result<> LocalFiles::follow_root(Source& source) {
  const std::lock_guard lock(mutex_);
  MOULT_ASSIGN(const bool other, source.set.reopen());
  MOULT_ASSIGN(auto root, kernel_path(source.set.tree()));
  if (!other && root == source.root) return {};
  source.root = std::move(root);
  if (source.watched) watch(source);
  source.set.log()->lose(other ? "the set's directory was replaced by another" : "the set's directory was moved");
  return {};
}

Result<> LocalFiles::stop_capture() {
  std::shared_ptr<Capture> last;
  const std::lock_guard lock(mutex_);
  for (auto& [name, roles] : sets_) {
    if (!roles.source) continue;
    roles.source->watched = false;
    roles.source->no_events = "capture is stopped";
  }
  last.swap(capture_);
  no_capture_.clear();
  return {};
}

Result<std::shared_ptr<Source>> LocalFiles::source(const std::string& set) {
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(set);
  if (found != sets_.end() && found->second.source) return found->second.source;
  return unknown(set);
}

Result<std::shared_ptr<TargetSet>> LocalFiles::target(const std::string& set) {
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(set);
  if (found != sets_.end() && found->second.target) return found->second.target;
  return fail(Code::not_found, "the data set " + shown(set) + " was not opened as a target", "open it first");
}

/// Marks what may be written without an event; true: through mappings too. Whatever name its holder has for it, it may
/// be an inode of the set under another name: linked, mounted elsewhere, seen from another root.
bool LocalFiles::note_held(Source& source, bool must_know) {
  const auto held = files_held_for_writing(kHeldDeadline);
  if (!held && !must_know) return false;
  if (!held) {
    source.set.log()->lose("a process that waits does not let its open files be read");
    return false;
  }
  const auto root = source.root == "/" ? std::string() : source.root;
  std::unordered_map<std::uint64_t, std::uint8_t> inodes;
  bool mapped = false;
  for (const auto& file : *held) {
    const std::uint8_t flags = Changes::held | (file.mapped ? Changes::suspect : Changes::touched);
    if (is_below(file.path, root)) {
      source.set.log()->note(file.path.substr(root.size() + 1), flags);
      mapped = mapped || file.mapped;
    }
    if (file.ino != 0) inodes[file.ino] |= flags;
  }
  return (source.set.note_inodes(inodes) & Changes::suspect) != 0 || mapped;
}

/// Brings the set's log up to this moment and says what a round depends on.
Result<RoundContext> LocalFiles::context_of(const std::string& set, Source& source, bool look_for_held) {
  RoundContext context;
  std::shared_ptr<Capture> capture;
  if (auto followed = follow_root(source); !followed) return pass(std::move(followed), "data set " + shown(set));
  {
    const std::lock_guard lock(mutex_);
    capture = capture_;
    context.no_events = source.no_events;
  }
  struct stat st {};
  if (::fstat(source.set.tree().root(), &st) != 0)
    return system_failure("cannot look at the data set " + shown(set), errno);
  context.frozen_since = freezer_.frozen_since(st.st_dev);
  context.frozen_last = freezer_.frozen_last(st.st_dev);
  // Nothing was written since a round under the same freeze, held or not.
  const bool at_rest = context.frozen_since != 0 && context.frozen_since == source.emitted_in_freeze;
  if (capture && context.no_events.empty()) {
    if (auto mounted = capture->watch_new_mounts(source.root, source.set.filter()); !mounted || *mounted)
      source.set.log()->lose(mounted ? "a file system was mounted in the set" : mounted.error().message);
    if (look_for_held && !at_rest) context.mapped = note_held(source);
    capture->drain();  // of what was closed before it could be seen, the event is there
  }
  return context;
}

Result<Pending> LocalFiles::pending(const std::string& set) {
  MOULT_ASSIGN(const auto found, source(set));
  const std::lock_guard lock(found->mutex);
  MOULT_TRY(context_of(set, *found, false).map([](const RoundContext&) {}));
  return found->set.pending();
}

Result<EmitReport> LocalFiles::emit(const std::string& set, RoundMode mode, const ByteSource& manifest,
                                    const ByteSink& sink) {
  MOULT_ASSIGN(const auto found, source(set));
  const std::lock_guard lock(found->mutex);
  if (mode == RoundMode::compare) return compare(set, *found, sink);
  MOULT_ASSIGN(auto context, context_of(set, *found, mode != RoundMode::reconcile));
  std::shared_ptr<TargetSet> other_life;
  {
    const std::lock_guard roles_lock(mutex_);
    other_life = sets_[set].target;
  }
  std::unique_lock<std::mutex> hints_lock;
  if (other_life && mode == RoundMode::reconcile) {
    hints_lock = std::unique_lock(other_life->mutex);
    context.hints = &other_life->known();
  }
  auto report = found->set.emit(mode, manifest, sink, context);
  if (!report) return pass(std::move(report), "data set " + shown(set));
  found->emitted_in_freeze = context.frozen_since;
  const std::lock_guard roles_lock(mutex_);
  sets_[set].emitted = true;
  return report;
}

/// What is mapped is looked for first: of a mapping that ended before that, the event is there when they are taken.
Result<EmitReport> LocalFiles::compare(const std::string& set, Source& source, const ByteSink& sink) {
  const auto held = files_held_for_writing(kHeldDeadline);
  const LowPriority behind;
  MOULT_ASSIGN(const auto context, context_of(set, source, false));
  Unseen unseen;
  unseen.anywhere = !held || !context.no_events.empty();
  for (const auto& file : held.value_or(std::vector<HeldFile>()))
    if (file.mapped) unseen.inodes.insert(file.ino);
  auto report = source.set.compare_some(sink, std::move(unseen));
  if (!report) return pass(std::move(report), "data set " + shown(set));
  return report;
}

Result<std::vector<std::string>> LocalFiles::large(const std::string& set) {
  MOULT_ASSIGN(const auto found, source(set));
  const std::lock_guard lock(found->mutex);
  MOULT_ASSIGN(const auto context, context_of(set, *found, false));
  // What is written through a mapping or into an open file is large files in the first place. Where that cannot be
  // known now, they are sent whole.
  if (context.no_events.empty() && found->set.has_large()) note_held(*found, false);
  return found->set.large(context);
}

Result<> LocalFiles::signatures(const std::string& set, const std::vector<std::string>& paths, const ByteSink& sink) {
  MOULT_ASSIGN(const auto found, target(set));
  const std::lock_guard lock(found->mutex);
  return found->signatures(paths, sink);
}

Result<std::string> LocalFiles::digest(const std::string& set) {
  bool as_source = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = sets_.find(set);
    if (found == sets_.end()) return unknown(set);
    as_source = found->second.source && (!found->second.target || found->second.emitted);
  }
  if (!as_source) {
    MOULT_ASSIGN(const auto found, target(set));
    const std::lock_guard lock(found->mutex);
    return found->digest();
  }
  MOULT_ASSIGN(const auto found, source(set));
  const std::lock_guard lock(found->mutex);
  MOULT_ASSIGN(const auto context, context_of(set, *found, true));
  return found->set.digest(context);
}

/// A second opening of the same set changes nothing, unless rounds went the other way since: then what is known of the
/// target is out of date.
Result<> LocalFiles::open_target(const FileSet& set) {
  Roles roles;
  {
    const std::lock_guard lock(mutex_);
    roles = sets_[set.name];
  }
  if (roles.target && roles.root == set.root && !roles.emitted) {
    const std::lock_guard lock(roles.target->mutex);
    roles.target->set_rules(set);
    return {};
  }
  MOULT_ASSIGN(auto tree, Tree::open(set.root));
  auto fresh = std::make_shared<TargetSet>(std::move(tree), set);
  std::unique_lock<std::mutex> hints_lock;
  const Manifest* hints = nullptr;
  if (roles.source) {
    hints_lock = std::unique_lock(roles.source->mutex);
    hints = &roles.source->set.manifest();
  }
  if (auto done = fresh->scan(hints); !done) return pass(std::move(done), "data set " + shown(set.name));
  const std::lock_guard lock(mutex_);
  auto& now = sets_[set.name];
  now.root = set.root;
  now.target = std::move(fresh);
  now.emitted = false;
  return {};
}

Result<> LocalFiles::close_target(const std::string& set) {
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(set);
  if (found == sets_.end()) return {};
  if (found->second.source)
    found->second.target.reset();
  else
    sets_.erase(found);
  return {};
}

Result<> LocalFiles::restore_target(const FileSet& set, const ByteSource& manifest) {
  MOULT_ASSIGN(auto tree, Tree::open(set.root));
  auto fresh = std::make_shared<TargetSet>(std::move(tree), set);
  if (auto done = fresh->restore(manifest); !done) return pass(std::move(done), "data set " + shown(set.name));
  const std::lock_guard lock(mutex_);
  auto& now = sets_[set.name];
  now.root = set.root;
  now.target = std::move(fresh);
  now.emitted = false;
  return {};
}

Result<> LocalFiles::manifest(const std::string& set, const ByteSink& sink) {
  MOULT_ASSIGN(const auto found, target(set));
  const std::lock_guard lock(found->mutex);
  return found->save(sink);
}

Result<std::unique_ptr<ApplyStream>> LocalFiles::apply(const std::string& set) {
  MOULT_ASSIGN(auto found, target(set));
  return std::unique_ptr<ApplyStream>(new ApplyRound(std::move(found), {options_.work_dir, options_.merge_timeout}));
}

Result<> LocalFiles::accept(const std::string& set, const std::vector<std::string>& paths) {
  MOULT_ASSIGN(const auto found, target(set));
  const std::lock_guard lock(found->mutex);
  return found->accept(paths);
}

Result<std::vector<std::string>> LocalFiles::roots_of(const std::vector<std::string>& sets) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> roots;
  for (const auto& set : sets) {
    const auto found = sets_.find(set);
    if (found == sets_.end()) return unknown(set);
    const auto& roles = found->second;
    const auto& root = roles.source ? roles.source->set.tree().path() : roles.root;
    MOULT_ASSIGN(const auto tree, Tree::open(root));
    MOULT_ASSIGN(auto real, kernel_path(tree));
    roots.push_back(std::move(real));
  }
  return roots;
}

std::vector<std::string> LocalFiles::all_sets() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, roles] : sets_)
    if (roles.source || roles.target) names.push_back(name);
  return names;
}

Result<Millis> LocalFiles::freeze(const std::vector<std::string>& sets, Millis ttl) {
  MOULT_ASSIGN(const auto roots, roots_of(sets));
  MOULT_ASSIGN(auto mounts, mounts_to_freeze(roots));
  // A freeze of the whole machine does not depend on sets that may be gone.
  const auto known = roots_of(sets.empty() ? all_sets() : sets);
  return freezer_.freeze(std::move(mounts), ttl, devices_of(known.value_or(roots)));
}

Result<> LocalFiles::sync(const std::vector<std::string>& sets) {
  MOULT_ASSIGN(auto roots, roots_of(sets));
  if (sets.empty()) {
    MOULT_ASSIGN(const auto mounts, mounts_to_freeze({}));
    for (const auto& mount : mounts) roots.push_back(mount.point);
  }
  return sync_side_by_side(roots);
}

}  // namespace

std::unique_ptr<GuestFiles> make_local_files(LocalFilesOptions options) {
  if (::sodium_init() < 0) return nullptr;  // no source of random numbers
  return std::make_unique<LocalFiles>(std::move(options));
}

}  // namespace moult
