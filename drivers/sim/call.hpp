#pragma once

#include <cstdint>
#include <string_view>

namespace moult::sim {

/// Every call that crosses a seam into the simulated world; faults are named by it.
enum class CallId : std::uint8_t {
  inspect,
  start,
  stop,
  reboot,
  set_autostart,
  space,
  prepare,
  snapshot,
  probe_snapshot,
  create_clone,
  probe_clone,
  discard_clone,
  restore_chain,
  consolidate,
  create_networks,
  remove_networks,
  move,
  where_machine,
  keep_sealed,
  lift_seal,
  agent,
  session,
  alive,
  remove_helper,
  announce,
  run,
  put,
  get,
  start_capture,
  stop_capture,
  pending,
  open_target,
  close_target,
  manifest,
  restore_target,
  emit,
  apply,
  accept,
  digest,
  freeze,
  thaw,
  sync,
  hold,
  drain,
  release,
  where_entry,
  check,
  disk_owner,
  disk_held,
  make_image,
  take_out,
  put_in,
  journal,      ///< a write of the orchestrator's own, by a harness that makes its store part of the world
  disk_limits,  ///< from here on: only where a run may slow disks
  limit_disks,
  restore_limits,
  disk_writes,
  count_
};
inline constexpr std::size_t kCalls = static_cast<std::size_t>(CallId::count_);

struct CallFacts {
  std::string_view name;
  std::uint32_t least_us, most_us;  ///< how long it takes, measured in the lab where it was
  bool changes;                     ///< it has an effect, whose acknowledgement can be lost
};
[[nodiscard]] const CallFacts& facts_of(CallId call);

}  // namespace moult::sim
