#pragma once

#include <memory>
#include <string>
#include <thread>

namespace moult {

/// Text for a terminal, a pipe or a file, written by a thread of its own: a terminal that is stopped, a pipe that
/// nobody reads and a session that was closed never hold a run up, least of all while clients wait. What is too much
/// for a reader that does not keep up is dropped, and so is everything once a write has failed.
class Screen {
 public:
  /// Does not own `fd`.
  explicit Screen(int fd);
  /// Waits until what was put is written, two seconds at most.
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  /// Never waits, never fails; from any thread. Texts are written whole, in the order in which they were put.
  void put(std::string text);

 private:
  struct Queue;
  std::shared_ptr<Queue> queue_;  ///< outlives the screen for as long as its thread is stuck in a write
  std::thread writer_;
};

}  // namespace moult
