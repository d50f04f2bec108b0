#include "drivers/libvirt/host_events.hpp"

#include <thread>

namespace moult::virt {
namespace {

constexpr Millis kLeast{2};

}  // namespace

void HostEvents::tell() {
  const std::lock_guard lock(mutex_);
  ++told_;
  more_.notify_all();
}

std::uint64_t HostEvents::told() const {
  const std::lock_guard lock(mutex_);
  return told_;
}

void HostEvents::await(std::uint64_t seen, Millis most) const {
  std::this_thread::sleep_for(kLeast);
  std::unique_lock lock(mutex_);
  more_.wait_for(lock, most, [&] { return told_ > seen; });
}

}  // namespace moult::virt
