#pragma once

#include <memory>
#include <thread>

#include "drivers/guest/helper/home.hpp"
#include "drivers/guest/helper/options.hpp"
#include "drivers/guest/local_access.hpp"
#include "drivers/guest/server/server.hpp"

namespace moult::guest {

/// The helper at work: what it offers, and when it ends.
class Helper {
 public:
  /// `legacy` must outlive this object.
  Helper(const Options& options, Home& home, Legacy& legacy);
  ~Helper();

  /// Serves the virtio port, which may come and go, until removed, signalled, or idle for too long.
  void serve_port();
  /// Serves a connected socket until its other end closes.
  void serve_socket(Fd fd);

 private:
  void serve_open_port(Fd port);
  bool idle_too_long() const;
  Result<> clean_up();
  void watch_signals();

  const Options& options_;
  Home& home_;
  Legacy& legacy_;
  LocalAccess access_;
  std::unique_ptr<GuestFiles> files_;
  Service service_;
  Server server_;
  Moment last_client_;
  std::thread signals_;
};

}  // namespace moult::guest
