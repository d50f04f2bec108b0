#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "drivers/guest/protocol/stream.hpp"

namespace moult::guest {

/// How a side watches over a connection.
struct LinkOptions {
  std::chrono::milliseconds ping_every{1'000};  ///< while a stream is open
  std::chrono::milliseconds silence{0};  ///< no byte for so long, though pinged: the connection is over; 0: never
};

/// One connection on a wire, after the handshake: many streams, one thread that reads and one that keeps watch. Either
/// opens streams (client) or accepts them (server). Thread-safe.
class Link {
 public:
  using Accept = std::function<void(std::shared_ptr<Stream>)>;  ///< called by the reading thread: must not wait

  /// `accept` empty: this side opens streams. `wire` must outlive the link, and is free again after it.
  Link(Wire& wire, Token token, Accept accept, LinkOptions options);
  /// Ends every stream (unreachable, ambiguous) and waits for the threads.
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Opens a stream for a method with its request, and finishes this side of it if that is all (`whole`). Waits while
  /// kMaxStreams are open. Errors: why the connection is over; retry when nothing was asked of the other end.
  Result<std::shared_ptr<Stream>> open(std::uint8_t method, View request = {}, bool whole = false);
  /// Does the other end answer before the deadline?
  bool ping(Moment deadline);
  /// Ends the connection, with the reason for its streams.
  void close(Error reason);
  /// Tells the other end that this one goes away, then closes.
  void say_goodbye();
  /// Waits until the connection is over.
  void wait();
  [[nodiscard]] std::optional<Error> ended() const { return outlet_->ended(); }
  /// Streams that somebody still holds.
  [[nodiscard]] std::size_t live();
  [[nodiscard]] std::chrono::milliseconds silence() const { return wire_.silence(); }

 private:
  struct Entry {
    std::shared_ptr<Stream> stream;
    std::weak_ptr<Stream> user;  // expired: nobody holds the stream any more
  };
  void read();
  bool read_more();
  const char* handle(const Frame& frame);
  const char* accept_stream(const Frame& frame);
  const char* pass_on(const Frame& frame);
  void keep();
  void watch(std::optional<Moment>& pinged);
  std::shared_ptr<Stream> enter(std::uint32_t id, std::uint8_t method);  // with mutex_ held
  Error nothing_asked() const;
  Result<std::shared_ptr<Stream>> open_in_order(std::uint8_t method, View request, bool whole);
  void finish_streams();
  std::size_t prune();  // with mutex_ held

  Wire& wire_;
  const Token token_;
  const Accept accept_;
  const LinkOptions options_;
  const std::shared_ptr<Outlet> outlet_;
  std::mutex opening_;  // numbers reach the other end in order
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint32_t, Entry> streams_;  // guarded by mutex_, as are those below
  std::uint32_t last_stream_ = 0;
  std::uint64_t pongs_ = 0;
  bool pong_due_ = false, over_ = false;
  std::thread reader_, keeper_;
};

}  // namespace moult::guest
