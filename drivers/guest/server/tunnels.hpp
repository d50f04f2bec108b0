#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>

#include "drivers/fd.hpp"
#include "drivers/guest/protocol/stream.hpp"

namespace moult::guest {

/// Is this method answered by Tunnels?
[[nodiscard]] bool is_tunnel(std::uint8_t method);

/// Connections between this guest's loopback and the orchestrator. `listen` is one long stream: its first message is
/// the port, each later one the number of a connection that came in, which `accept_connection` then fetches. `connect`
/// makes one. Nothing listens longer than its stream lives. Thread-safe.
class Tunnels {
 public:
  static constexpr std::size_t kMostWaiting = 16;  ///< came in and not fetched; one more is reset at once

  /// Answers a stream until it is over. An error is one to abort it with.
  [[nodiscard]] Result<> serve(Stream& stream);

 private:
  using Numbers = std::set<std::uint64_t>;
  Result<> listen(Stream& stream, int port);
  Result<> hand_out(Stream& stream, const Fd& listener, const Fd& over);
  Result<> hand_on(Stream& stream, std::uint64_t number);
  Result<> connect(Stream& stream, int port);
  std::uint64_t keep(Fd socket);
  Fd take(std::uint64_t number);

  std::mutex mutex_;
  std::uint64_t last_ = 0;                 // guarded by mutex_
  std::map<std::uint64_t, Fd> waiting_{};  // guarded by mutex_
};

}  // namespace moult::guest
