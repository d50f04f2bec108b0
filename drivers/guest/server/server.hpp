#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "drivers/guest/protocol/handshake.hpp"
#include "drivers/guest/protocol/link.hpp"
#include "drivers/guest/server/service.hpp"

namespace moult::guest {

/// Serves one client after another on one wire: the newest call wins, whatever the earlier connection left behind. A
/// command that runs when its connection breaks runs on to its own end.
class Server {
 public:
  /// `service` must outlive the server.
  Server(Service& service, Peer self) : service_(service), self_(std::move(self)) {}
  /// Waits until no call is being answered: the owner stops what may take long before.
  ~Server();

  enum class End { closed, stopped, idle };
  /// Serves until the other end closes, stop() is called, or nobody has called for `idle`.
  End serve(Wire& wire, std::chrono::milliseconds idle);
  /// Makes serve() return, also from another thread. Says goodbye to the client.
  void stop();
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// A client was connected since the last time that this was asked.
  [[nodiscard]] bool had_client() { return had_client_.exchange(false); }

 private:
  void connection(Wire& wire, Token token);
  void publish(Token token);
  void accept(const std::shared_ptr<Stream>& stream);
  void work(std::shared_ptr<Stream> stream);

  Service& service_;
  const Peer self_;
  std::atomic<bool> stopped_ = false, had_client_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t working_ = 0;  // guarded by mutex_, as are those below
  Wire* wire_ = nullptr;
  Link* link_ = nullptr;
};

}  // namespace moult::guest
