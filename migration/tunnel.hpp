#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "drivers/guest_session.hpp"
#include "migration/session_of.hpp"

namespace moult {

/// Joins a port on which one guest's helper listens to a port of the other guest, and to nothing else. A connection
/// that breaks on one side is broken on the other; new ones are taken until the object goes. Where the channel to the
/// listening guest breaks, it listens again on the same port as soon as it can. Must end before the sessions do.
/// Thread-safe.
class Tunnel {
 public:
  struct Setup {
    SessionOf from;       ///< whose services connect
    int listen_port = 0;  ///< on its 127.0.0.1; 0: one that is free, the same for as long as this object lives
    SessionOf to;         ///< whose service is connected to
    int port = 0;         ///< on its 127.0.0.1
  };
  static constexpr std::size_t kMostConnections = 16;  ///< at once; one more is reset

  /// Listens. Errors: those of GuestTunnel::listen.
  [[nodiscard]] static Result<std::unique_ptr<Tunnel>> open(Setup setup);
  /// Breaks what is left, and waits for it to end.
  ~Tunnel();
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// Carried so far, both ways together.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t connections() const { return connections_; }
  /// The least that a connection carried which is over; 0: none is that carried any.
  [[nodiscard]] std::uint64_t least() const { return least_; }
  /// Why the last connection could not be joined, or the helper could not listen; nothing since the last success.
  [[nodiscard]] std::optional<Error> trouble() const;

 private:
  struct Joint;
  explicit Tunnel(Setup setup);
  void serve(std::unique_ptr<TunnelListener> listener);
  void take_all(TunnelListener& listener);
  std::unique_ptr<TunnelListener> listen_again();
  void join(std::unique_ptr<TunnelEnd> end);
  void run(Joint& joint);
  Result<> carry(TunnelEnd& from, TunnelEnd& to, std::atomic<std::uint64_t>& bytes);
  void over(Joint& joint);
  void sweep();
  bool pause();
  void note(std::optional<Error> error);

  const Setup setup_;
  int port_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0, connections_ = 0, least_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closing_ = false;                // guarded by mutex_, as are those below
  TunnelListener* listener_ = nullptr;  ///< the one that is waited on
  std::optional<Error> trouble_;
  std::list<std::unique_ptr<Joint>> joints_;
  std::thread server_;
};

}  // namespace moult
