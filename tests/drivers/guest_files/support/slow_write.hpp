#pragma once

#include <cstddef>
#include <thread>

#include "drivers/fd.hpp"

namespace moult::test {

/// One write of two pages to the beginning of a file, which has begun, and moved the file's times, when the constructor
/// returns, and does not end before `finish`: what it writes lies in memory that is only there then (userfaultfd(2);
/// root needed).
class SlowWrite {
 public:
  static constexpr std::size_t kPage = 4096, kBytes = 2 * kPage;
  enum class Call {
    write,   ///< write(2), which the kernel reports when it ends
    submit,  ///< io_submit(2), which it does not report at all
  };
  SlowWrite(int fd, char content, Call call = Call::write);
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
