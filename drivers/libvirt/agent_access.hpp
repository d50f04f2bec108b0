#pragma once

#include <memory>

#include "drivers/guest_access.hpp"
#include "drivers/libvirt/host.hpp"

namespace moult::virt {

/// Commands and files through the QEMU guest agent. Leaves nothing in the guest. For small things: an answer passes
/// libvirt's message limit, so a command's output is at most about 3 MiB here whatever its output_limit, and files come
/// at some 10 MB/s and go at 1 MB/s.
[[nodiscard]] std::unique_ptr<GuestAccess> make_agent_access(Host& host, MachineRef machine);

}  // namespace moult::virt
