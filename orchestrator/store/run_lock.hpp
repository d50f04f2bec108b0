#pragma once

#include <optional>
#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"
#include "drivers/machine.hpp"

namespace moult {

/// Who holds an appliance.
struct Holder {
  long pid = 0;
  std::string host;
  std::string user;
  std::string run;
  std::string since;    ///< UTC
  std::string command;  ///< "upgrade"

  /// "run r1: moult upgrade, pid 4711 of root on hv1, since 2024-05-01T10:00:00.000Z"
  [[nodiscard]] std::string describe() const;
};

/// This process as a holder.
[[nodiscard]] Holder this_process(std::string run, std::string command);

/// The right to work on one appliance, for one process at a time on this machine. Held by an open file description of
/// `<state_dir>/locks/<appliance>.lock`, so the kernel releases it when the process dies, however it dies. Programs
/// that are started meanwhile do not inherit it.
class RunLock {
 public:
  /// busy, naming the holder, when another RunLock holds it (in this process or another); io, no_space.
  [[nodiscard]] static Result<RunLock> acquire(const std::string& state_dir, const std::string& appliance,
                                               const Holder& holder);

  /// busy as acquire() would be; takes nothing, so that the mark of a holder that died stays.
  [[nodiscard]] static Result<> check_free(const std::string& state_dir, const std::string& appliance);
  /// Lets go of it as a process that died does: whoever watches takes the run up.
  void abandon() { fd_ = Fd(); }

  RunLock(RunLock&&) noexcept = default;
  RunLock& operator=(RunLock&& other) noexcept;
  ~RunLock();

 private:
  explicit RunLock(Fd fd) : fd_(std::move(fd)) {}
  void release();
  Fd fd_;
};

/// Who holds it now, or nobody. Takes nothing, so it disturbs no one who is about to acquire.
[[nodiscard]] Result<std::optional<Holder>> lock_holder(const std::string& state_dir, const std::string& appliance);

/// Holders that died with a run: whose lock is free, and who did not put it down in good order.
[[nodiscard]] Result<std::vector<Holder>> dead_holders(const std::string& state_dir);

/// Hears when locks of a state directory are put down, in good order or by a death: the kernel closes a dead process's
/// files. Not for several threads.
class LockWatch {
 public:
  /// Makes the directory where it is missing. Errors: io, no_space.
  [[nodiscard]] static Result<LockWatch> begin(const std::string& state_dir);
  /// Returns when a lock was put down since begin() or the last call, when the time is over, or when a signal came.
  [[nodiscard]] Result<> wait(Millis at_most);

 private:
  explicit LockWatch(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace moult
