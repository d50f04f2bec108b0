#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "descriptors/base/result.hpp"
#include "drivers/fd.hpp"
#include "drivers/guest/server/server.hpp"

namespace moult::test {

/// A virtio port as a guest sees it: one descriptor that stays, whoever comes and goes on the host's side. What was on
/// its way when a host closed arrives before what the next one sends.
class FakePort {
 public:
  FakePort();
  ~FakePort();
  /// The guest's end.
  Fd guest_end() { return std::move(guest_); }
  /// Opens the host's side, closing an earlier opener's stream.
  Result<Fd> open();
  /// Closes the host's side.
  void hang_up();
  /// Until allowed again, open() fails.
  void refuse(bool on) { refuse_ = on; }
  [[nodiscard]] unsigned opened() const { return opened_; }

 private:
  void relay();
  bool copy(int from, int to);
  Fd guest_, device_, host_, waker_;
  std::mutex mutex_;  // guards host_
  std::atomic<bool> stop_ = false, refuse_ = false;
  std::atomic<unsigned> opened_ = 0;
  std::thread relay_;
};

/// A server on a port, in threads of this process.
class ServedPort {
 public:
  ServedPort(guest::Service& service, FakePort& port, std::string run = "run-1");
  ~ServedPort();
  guest::Server server;

 private:
  guest::Wire wire_;
  std::thread thread_;
};

}  // namespace moult::test
