#include "drivers/guest/helper/thaw_all.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <mntent.h>
#include <sys/ioctl.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "drivers/fd.hpp"

namespace moult::guest {

void thaw_all() {
  const std::unique_ptr<FILE, int (*)(FILE*)> mounts(::setmntent("/proc/self/mounts", "re"), ::endmntent);
  while (const auto* mount = mounts ? ::getmntent(mounts.get()) : nullptr) {
    if (!std::string_view(mount->mnt_fsname).starts_with("/dev/")) continue;
    const Fd fd(::open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd) ::ioctl(fd.get(), FITHAW, 0);
  }
}

}  // namespace moult::guest
