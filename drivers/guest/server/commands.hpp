#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "drivers/guest/local/spawn.hpp"
#include "drivers/guest/protocol/stream.hpp"

namespace moult::guest {

/// Commands whose input and output are a stream each: a command lives no longer than its stream. Thread-safe.
class Commands {
 public:
  /// Answers a stream until both are over. Where the stream is first, the command is killed with all that it started.
  /// An error is one to abort the stream with.
  [[nodiscard]] Result<> serve(Stream& stream);
  /// Nothing of the command of that number, which is the client's, runs any more. It may have ended before.
  void kill(std::uint64_t number);

 private:
  void carry(Stream& stream, Child& child);
  void kill(const Child& child);
  void reap(const Child& child);

  std::mutex mutex_;
  std::map<const Child*, std::uint64_t> running_{};  // guarded by mutex_; until just before a child is reaped
};

}  // namespace moult::guest
