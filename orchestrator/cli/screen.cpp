#include "orchestrator/cli/screen.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace moult {
namespace {

constexpr std::size_t kMostBytes = 1U << 20;
constexpr std::chrono::seconds kPatience{2};

/// False when nothing can be written there any more.
bool write_whole(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

struct Screen::Queue {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> texts;
  std::size_t bytes = 0;  ///< of `texts`
  bool closing = false, written = false, gone = false;

  void write_to(int fd) {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return closing || !texts.empty(); });
      if (texts.empty()) break;
      const auto text = std::move(texts.front());
      texts.pop_front();
      bytes -= text.size();
      lock.unlock();
      const bool good = write_whole(fd, text);
      lock.lock();
      if (good) continue;
      gone = true;
      texts.clear();
      bytes = 0;
    }
    written = true;
    changed.notify_all();
  }
};

Screen::Screen(int fd) : queue_(std::make_shared<Queue>()), writer_([queue = queue_, fd] { queue->write_to(fd); }) {}

Screen::~Screen() {
  std::unique_lock lock(queue_->mutex);
  queue_->closing = true;
  queue_->changed.notify_all();
  const bool written = queue_->changed.wait_for(lock, kPatience, [this] { return queue_->written; });
  lock.unlock();
  if (written)
    writer_.join();
  else
    writer_.detach();  // nothing ends a write to a stopped terminal; the process does
}

void Screen::put(std::string text) {
  const std::lock_guard lock(queue_->mutex);
  if (queue_->gone || queue_->bytes + text.size() > kMostBytes) return;
  queue_->bytes += text.size();
  queue_->texts.push_back(std::move(text));
  queue_->changed.notify_all();
}

}  // namespace moult
