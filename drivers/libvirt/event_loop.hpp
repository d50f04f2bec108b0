#pragma once

namespace moult::virt {

/// Starts libvirt's event loop in a thread of its own, once a process; keepalive, events and streams live on it. Also
/// silences libvirt's habit of printing errors to stderr.
void ensure_event_loop();

}  // namespace moult::virt
