#pragma once

#include <string>

#include "drivers/libvirt/host.hpp"
#include "drivers/machine.hpp"

namespace moult::virt {

/// One request to a machine's guest agent, its answer as JSON text. Errors: unreachable (no agent, none that answers,
/// machine off; the remedy says what to install), failed (the agent refuses; its words), not_found (it says that a file
/// or program does not exist), busy (file systems are frozen: the agent refuses nearly everything then).
[[nodiscard]] Result<std::string> agent_call(Host& host, const MachineRef& machine, const std::string& request,
                                             Millis deadline, Effect effect);

/// Pure part: what an agent's refusal means, from libvirt's error number and text.
[[nodiscard]] Error map_agent_error(int number, int origin, const std::string& text, const MachineRef& machine,
                                    Effect effect);

}  // namespace moult::virt
