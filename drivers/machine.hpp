#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace moult {

using Millis = std::chrono::milliseconds;

/// Which machine: a domain on a host. Value type; cheap to copy.
struct MachineRef {
  std::string name;    ///< the appliance's word for it, "app"
  std::string uri;     ///< libvirt URI of the host
  std::string domain;  ///< libvirt domain name
  friend bool operator==(const MachineRef&, const MachineRef&) = default;
};

enum class PowerState { absent, off, running, paused, crashed };
[[nodiscard]] constexpr const char* name_of(PowerState state) {
  switch (state) {
    case PowerState::absent:
      return "absent";
    case PowerState::off:
      return "off";
    case PowerState::running:
      return "running";
    case PowerState::paused:
      return "paused";
    case PowerState::crashed:
      return "crashed";
  }
  return "absent";
}

struct DiskFacts {
  std::string target;  ///< "vda"
  std::string path;    ///< top of the chain
  std::string format;  ///< "qcow2"
  bool read_only = false;
  std::vector<std::string> chain;     ///< top first, base last
  std::uint64_t virtual_bytes = 0;    ///< what the guest sees
  std::uint64_t allocated_bytes = 0;  ///< what the top takes on the host
};

struct NicFacts {
  std::string mac;
  std::string source;       ///< bridge or network name
  std::string source_kind;  ///< "bridge" or "network"
  bool link_up = true;
};

struct MachineFacts {
  PowerState state = PowerState::absent;
  std::string uuid;
  bool persistent = true;
  bool autostart = false;
  bool has_agent = false;  ///< an agent channel is defined (not: it answers)
  bool has_tpm = false;    ///< an emulated TPM, whose content a clone does not get
  std::uint64_t memory_kib = 0;
  std::vector<DiskFacts> disks;
  std::vector<NicFacts> nics;
};

}  // namespace moult
