#pragma once

#include <sys/uio.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>

#include "drivers/fd.hpp"
#include "drivers/guest/protocol/codec.hpp"

namespace moult::guest {

using Moment = std::chrono::steady_clock::time_point;

/// A byte channel with its input buffer: what one connection left unread, the next one finds. One thread reads, one at
/// a time writes, any thread interrupts.
class Wire {
 public:
  explicit Wire(Fd fd);

  enum class Got { bytes, closed, deadline, interrupted };
  /// Waits for more input. `closed`: the other end is away; a port (not a socket) may come back.
  [[nodiscard]] Got fill(Moment deadline);
  [[nodiscard]] View input() const { return View(buffer_).subspan(begin_, end_ - begin_); }
  void consume(std::size_t count);

  /// Writes everything. False when the other end is away, the deadline passed or someone interrupted; `begun` is set
  /// when a byte went out all the same.
  [[nodiscard]] bool write(std::span<iovec> parts, Moment deadline, bool* begun = nullptr);
  [[nodiscard]] bool write(View bytes, Moment deadline);

  /// Makes fill() and write() return, now and later, until rearm().
  void interrupt();
  void rearm();
  /// Time since the last byte came in.
  [[nodiscard]] std::chrono::milliseconds silence() const;
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  enum class Ready { yes, closed, deadline, interrupted };
  Ready wait(short events, Moment deadline) const;
  void make_room();
  [[nodiscard]] ssize_t write_some(std::span<iovec> parts);

  Fd fd_, waker_;
  bool socket_;
  Buffer buffer_, staged_;
  std::size_t begin_ = 0, end_ = 0;
  std::atomic<std::chrono::steady_clock::rep> heard_;
};

/// `span` from now.
[[nodiscard]] inline Moment after(std::chrono::milliseconds span) { return std::chrono::steady_clock::now() + span; }

}  // namespace moult::guest
