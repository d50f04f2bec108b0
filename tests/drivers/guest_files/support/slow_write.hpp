#pragma once

#include <cstddef>
#include <thread>

#include "drivers/fd.hpp"

namespace moult::test {

/// One write(2) of two pages to the beginning of a file, which has begun, and moved the file's times, when the
/// constructor returns, and does not end before `finish`: what it writes lies in memory that is only there then
/// (userfaultfd(2); root needed).
class SlowWrite {
 public:
  static constexpr std::size_t kPage = 4096, kBytes = 2 * kPage;
  SlowWrite(int fd, char content);
  ~SlowWrite();
  SlowWrite(const SlowWrite&) = delete;
  SlowWrite& operator=(const SlowWrite&) = delete;
  void finish();

 private:
  char content_;
  Fd faults_;
  char* memory_;
  std::thread writer_;
};

}  // namespace moult::test
