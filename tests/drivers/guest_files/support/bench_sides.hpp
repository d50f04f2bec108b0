#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "drivers/fd.hpp"
#include "drivers/guest/client/remote_session.hpp"
#include "migration/files_strategy.hpp"

namespace moult::test {

/// For programs that measure: what cannot fail in them ends them.
template <typename T>
T must(Result<T> result);
void must(Result<> result);
void must(bool good, const char* what);

[[nodiscard]] double ms_of(const std::function<void()>& what);

/// The helper that is pushed into guests, in a process of its own on a socket pair, and the session to it.
class HelperProcess {
 public:
  HelperProcess();
  ~HelperProcess();
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;
  [[nodiscard]] GuestSession& session() { return session_; }
  [[nodiscard]] GuestFiles& files() { return session_.files(); }
  /// The most memory that it had at once.
  [[nodiscard]] double peak_mib() const;

 private:
  Fd mine_;
  pid_t pid_ = -1;
  guest::RemoteSession session_;
};

/// Three directories, made anew and removed at the end: a source, which is to lie on a disk of its own (`at`/here) as
/// an original's does, our target and rsync's (`at`/there).
class Trees {
 public:
  explicit Trees(const std::string& at, const std::string& name = "set");
  ~Trees();
  Trees(const Trees&) = delete;
  Trees& operator=(const Trees&) = delete;
  const std::string here, there, from, to, theirs;
};

/// A set of files between two helpers, carried as a run carries it.
class Carried {
 public:
  explicit Carried(const Trees& trees);
  RoundReport round() { return must(strategy_.round()); }
  RoundReport thorough_round() { return must(strategy_.thorough_round()); }
  RoundReport last_round() { return must(strategy_.last_round()); }
  /// A round, and the bytes that it moved between the sides, either way.
  std::uint64_t moved_by_round();
  /// Ends the program where the digests of both sides differ.
  void require_equal();
  HelperProcess source, target;

 private:
  const std::unique_ptr<Workers> workers_ = make_thread_workers(2);
  FilesStrategy strategy_;
};

/// rsync -aHAX --delete, through a process between its two ends as moult is one between its helpers.
void rsync(const Trees& trees);
/// What that process does: starts a command on a socket pair and carries bytes between it and its own two ends.
int relay(char** command);
/// So many bytes of nothing from one process through this one to another.
void through_bare_channel(std::uint64_t bytes);

void put(const std::string& path, const std::string& content, std::int64_t at = 0, bool truncate = true);
[[nodiscard]] std::string noise(std::size_t size, std::mt19937_64& random);

template <typename T>
T must(Result<T> result) {
  if (!result) must(Result<>(pass(std::move(result))));
  return std::move(*result);
}

}  // namespace moult::test
