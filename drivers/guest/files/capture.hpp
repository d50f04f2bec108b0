#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "drivers/fd.hpp"
#include "drivers/guest/files/changes.hpp"
#include "drivers/guest/files/handle_paths.hpp"
#include "drivers/guest/files/path_filter.hpp"

namespace moult::files {

/// Notices changes of sets through fanotify, on whole file systems, with names. One thread reads events again and
/// again and notes paths in the sets' logs, so the kernel's queue stays short. Safe from several threads.
class Capture {
 public:
  /// Errors: refused when the kernel cannot name what changed (before 5.9, or without the privilege).
  static Result<std::unique_ptr<Capture>> start();
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  /// Notices changes below `root` (absolute, as the kernel names it) from the return on; no more below one that the
  /// same log was given for before. Errors: refused when its file system cannot be watched.
  Result<> watch(const std::string& root, const PathFilter& filter, std::shared_ptr<ChangeLog> log);
  /// Marks what was mounted below a root since then. True when anything was: events may be missing.
  Result<bool> watch_new_mounts(const std::string& root, const PathFilter& filter);
  /// Returns when every event that was queued before the call is in the logs.
  void drain();
  [[nodiscard]] std::uint64_t events_read() const { return events_; }

 private:
  explicit Capture(Fd group, Fd stop) : group_(std::move(group)), stop_(std::move(stop)) {}
  Result<std::uint64_t> mark(const std::string& directory);
  Result<bool> mark_below(const std::string& root, const PathFilter& filter);
  void run();
  void read_queue();
  void handle(const char* bytes, std::size_t size);
  void handle_named(std::uint64_t mask, std::string_view info);
  void note(const std::string& directory, std::string_view name, std::uint64_t mask);
  void lose_all(const std::string& reason);

  std::mutex mutex_;
  Fd group_, stop_;
  HandlePaths paths_;
  std::set<std::pair<std::string, std::uint64_t>> marked_;  ///< mount points below roots, with their ids
  std::vector<std::pair<std::string, std::shared_ptr<ChangeLog>>> watches_;
  std::vector<char> buffer_;
  std::atomic<std::uint64_t> events_{0};
  std::thread reader_;
};

}  // namespace moult::files
