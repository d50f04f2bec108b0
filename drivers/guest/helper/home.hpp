#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"

namespace moult::guest {

/// The run's directory in the guest, and the lock in it that makes its helper the only one.
class Home {
 public:
  explicit Home(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Makes the directory (0700) and takes the lock. False: another helper of the run holds it. The lock is kept across
  /// fork, until the last process that inherited it ends.
  Result<bool> take();
  /// Writes into the lock who serves.
  Result<> sign(pid_t pid);
  /// Deletes the directory with all that is in it, and the mount that it may be. Idempotent.
  Result<> erase();
  /// From outside: asks the helper that holds the lock to end, kills it when it does not, then erases.
  Result<> evict();

 private:
  [[nodiscard]] std::optional<pid_t> holder() const;

  std::string path_;
  Fd lock_;
};

}  // namespace moult::guest
