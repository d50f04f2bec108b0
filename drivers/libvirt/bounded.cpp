#include "drivers/libvirt/bounded.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace moult::virt {
namespace {

struct Finish {
  std::mutex mutex;
  std::condition_variable ended_signal;
  bool ended = false;
};

}  // namespace

bool run_bounded(Millis deadline, std::function<void()> work) {
  auto finish = std::make_shared<Finish>();
  std::thread([finish, work = std::move(work)]() mutable {
    work();
    work = nullptr;  // what it owns is released before the waiter goes on
    const std::lock_guard lock(finish->mutex);
    finish->ended = true;
    finish->ended_signal.notify_all();
  }).detach();
  std::unique_lock lock(finish->mutex);
  return finish->ended_signal.wait_for(lock, deadline, [&] { return finish->ended; });
}

}  // namespace moult::virt
