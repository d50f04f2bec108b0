#include "drivers/libvirt/event_loop.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <mutex>
#include <thread>

namespace moult::virt {
namespace {

void ignore_error(void*, virErrorPtr) {}

[[noreturn]] void loop() {
  while (true)
    if (virEventRunDefaultImpl() < 0) std::this_thread::sleep_for(std::chrono::milliseconds{10});
}

}  // namespace

void ensure_event_loop() {
  static std::once_flag once;
  std::call_once(once, [] {
    virInitialize();
    virSetErrorFunc(nullptr, ignore_error);
    virEventRegisterDefaultImpl();
    std::thread(loop).detach();
  });
}

}  // namespace moult::virt
