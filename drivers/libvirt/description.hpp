#pragma once

#include <string>
#include <vector>

#include "descriptors/base/result.hpp"
#include "drivers/machine.hpp"

namespace moult::virt {

/// One disk of a domain's description, live or persistent.
struct DiskEntry {
  std::string target;       ///< "vda"
  std::string device;       ///< "disk", "cdrom", "floppy", "lun"
  std::string source_kind;  ///< "file", "block", "network", "volume"
  std::string path;         ///< empty: no medium
  std::string format;
  bool read_only = false;
  std::string limit_group;                 ///< disks of one group have its limits together; empty: limits of its own
  std::vector<std::string> chain;          ///< top first; below the top only where the description is live
  std::vector<std::string> chain_formats;  ///< beside `chain`
  bool mirror_ready = false;               ///< a block job of this disk waits for its pivot
  /// A disk that the guest can write: what a run snapshots.
  [[nodiscard]] bool writable() const { return !read_only && (device == "disk" || device == "lun"); }
};

/// What the driver reads from a domain's XML.
struct Description {
  std::string name, uuid;
  std::uint64_t memory_kib = 0;
  std::vector<DiskEntry> disks;
  std::vector<NicFacts> nics;
  std::vector<std::string> channels;  ///< names of virtio-serial ports
  bool has_tpm = false;
  std::string nvram;  ///< path of the machine's own firmware variables; may be empty
  [[nodiscard]] std::vector<DiskEntry> writable_disks() const;
  /// Two writable disks that have their limits together, "vda and vdb"; empty: there are none.
  [[nodiscard]] std::string disks_of_one_limit() const;
  [[nodiscard]] bool has_channel(const std::string& port) const;
};

[[nodiscard]] Result<Description> read_description(const std::string& xml);

inline constexpr const char* kAgentPort = "org.qemu.guest_agent.0";

/// Everything about a machine that keeps it from being cloned and isolated, one sentence each; empty when there is
/// nothing. A device that reaches past the run's own network or writes what both sides would share is refused, never
/// guessed at.
[[nodiscard]] Result<std::vector<std::string>> reasons_against_cloning(const std::string& live_xml);

}  // namespace moult::virt
