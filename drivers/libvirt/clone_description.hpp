#pragma once

#include <map>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/libvirt/clone_mark.hpp"

namespace moult::virt {

/// A disk image as a description names it.
struct Image {
  std::string path, format;
};

/// What makes a clone another machine than its original.
struct CloneIdentity {
  std::string name;
  CloneMark mark;
  std::map<std::string, std::string> overlays;  ///< path by disk target, for every writable disk
  std::string bridge;                           ///< the run's isolated bridge, for all NICs
  std::string helper_port;                      ///< the run's virtio-serial port
};

/// The clone's description from the live original's. Changed: name, UUID (dropped: libvirt draws one), writable disks'
/// images, NICs' network, firmware variables (an own copy, made by libvirt when it starts), the TPM's and VM
/// generation's identity, vsock and display addresses (drawn anew), serial ports and channels (each on a place of its
/// own that ends with the machine, none reaching a host file or service), and the run's mark and helper port. Dropped:
/// what only describes the running process. All else is as it was.
[[nodiscard]] Result<std::string> clone_description(const std::string& live_xml, const CloneIdentity& identity);

/// The description under which a consolidated clone starts next time: the original's persistent one, with the clone's
/// identity. So nothing that the clone had to do without comes to stay.
struct SuccessorIdentity {
  std::string name, uuid;
  CloneMark mark;
  std::map<std::string, Image> images;  ///< by disk target
  std::string nvram;                    ///< the clone's firmware variables; empty when it has none
};
[[nodiscard]] Result<std::string> successor_description(const std::string& original_persistent_xml,
                                                        const SuccessorIdentity& identity);

/// Where the clone keeps its firmware variables: beside the original's.
[[nodiscard]] std::string clone_nvram(const std::string& original_nvram, const std::string& clone_name);

}  // namespace moult::virt
