#include "drivers/guest/files/quick_grace.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "drivers/fd.hpp"

namespace moult::files {
namespace {

constexpr const char* kSwitch = "/sys/kernel/rcu_expedited";

bool set(char value) {
  const Fd fd(::open(kSwitch, O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), &value, 1) == 1;
}

char now() {
  char value = 0;
  const Fd fd(::open(kSwitch, O_RDONLY | O_CLOEXEC));
  return fd && ::read(fd.get(), &value, 1) == 1 ? value : '\0';
}

}  // namespace

QuickGrace::QuickGrace() : changed_(now() == '0' && set('1')) {}

QuickGrace::~QuickGrace() {
  if (changed_) end();
}

bool QuickGrace::in_force() { return now() == '1'; }

void QuickGrace::end() { (void)set('0'); }

}  // namespace moult::files
