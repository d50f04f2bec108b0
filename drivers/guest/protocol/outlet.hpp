#pragma once

#include <mutex>
#include <optional>
#include <span>

#include "drivers/guest/protocol/frame.hpp"
#include "drivers/guest/protocol/wire.hpp"

namespace moult::guest {

/// The sending half of a connection, shared by its streams. Outlives the connection: then every send fails.
/// Thread-safe.
class Outlet {
 public:
  Outlet(Wire& wire, Token token) : wire_(&wire), token_(token) {}
  /// Writes one frame whole; waits while the channel takes nothing. False when the connection is over.
  bool send(const Frame& frame, Moment deadline = Moment::max());
  enum class Sent { whole, nothing, part };
  /// Writes frames at once, one behind the other: on a virtio port each write costs an exit to the host and a turn of
  /// all between it and the reader. Where the connection is over: whether a byte of them went out.
  Sent send_together(std::span<const Frame> frames, Moment deadline = Moment::max());
  /// From now on nothing is sent; returns when no one writes any more. The wire must have been interrupted before.
  void shut();
  /// Ends the connection for its senders; the first reason counts.
  void end(Error reason);
  /// Why the connection is over, if it is.
  [[nodiscard]] std::optional<Error> ended() const;

 private:
  bool lock_until(Moment deadline);

  std::timed_mutex writing_;
  Wire* wire_;  // guarded by writing_
  const Token token_;
  mutable std::mutex ending_;
  std::optional<Error> reason_;  // guarded by ending_
};

}  // namespace moult::guest
