#pragma once

#include <optional>
#include <string>

#include "descriptors/base/result.hpp"
#include "drivers/disk_handover.hpp"
#include "drivers/libvirt/clone_description.hpp"

// What a run writes into persistent descriptions while a disk changes hands, below their metadata:
//   <moult:handover xmlns:moult="urn:moult:handover:1">
//     <moult:owner target="vdb" run="RUN" epoch="1" side="clone" image="handed"/>     in the original's
//     <moult:withdrawn at="1"><disk .../></moult:withdrawn>                           of whoever lacks the disk
//   </moult:handover>
namespace moult::virt {

/// The record of a disk in the original's description; nothing: it never changed hands. Error: busy, another run's.
[[nodiscard]] Result<std::optional<DiskOwner>> read_owner(const std::string& persistent_xml, const std::string& run,
                                                          const std::string& target);
[[nodiscard]] Result<std::string> with_owner(const std::string& persistent_xml, const std::string& run,
                                             const std::string& target, const DiskOwner& owner);

/// The description without the disk, which it remembers. One that does not have the disk stays as it is.
[[nodiscard]] Result<std::string> without_disk(const std::string& persistent_xml, const std::string& target);
/// The description with the disk in its old place, with this image.
[[nodiscard]] Result<std::string> with_disk(const std::string& persistent_xml, const std::string& target,
                                            const Image& image);
/// The disk's element of a description, as a device to be attached or detached; empty: it has no such disk.
[[nodiscard]] Result<std::string> disk_element(const std::string& xml, const std::string& target);
/// The same without its place on the machine's buses: the machine chooses one.
[[nodiscard]] Result<std::string> without_address(const std::string& disk_xml);

/// A disk that changed hands and that the machine lacks, by its description or as it runs; empty: none.
[[nodiscard]] Result<std::string> lacking_disk(const std::string& persistent_xml, const std::string& live_xml);
/// The description with every disk in its place and without any record.
[[nodiscard]] Result<std::string> without_handover(const std::string& persistent_xml);

}  // namespace moult::virt
