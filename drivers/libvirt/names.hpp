#pragma once

#include <string>

#include "descriptors/base/result.hpp"

namespace moult::virt {

/// Names of what a run makes on a host. All derive from the run id, the original's domain name and where its disks
/// are; so any process finds what another one began.
[[nodiscard]] std::string clone_domain(const std::string& run, const std::string& domain);
/// Overlay in which the original goes on, beside its disk: `DIR/DOMAIN.TARGET.moult-RUN.qcow2`.
[[nodiscard]] std::string original_overlay(const std::string& run, const std::string& domain, const std::string& target,
                                           const std::string& top);
/// The clone's overlay over the same base: `DIR/DOMAIN.TARGET.moult-RUN-clone.qcow2`.
[[nodiscard]] std::string clone_overlay(const std::string& run, const std::string& domain, const std::string& target,
                                        const std::string& top);

/// The overlay above the original's, in which goes on who was handed the disk:
/// `DIR/DOMAIN.TARGET.moult-RUN-handed.qcow2`.
[[nodiscard]] std::string handed_overlay(const std::string& run, const std::string& domain, const std::string& target,
                                         const std::string& top);

/// Another one above the original's, in which the original goes on from the disk as it was when it was handed over:
/// `DIR/DOMAIN.TARGET.moult-RUN-returned.qcow2`.
[[nodiscard]] std::string returned_overlay(const std::string& run, const std::string& domain, const std::string& target,
                                           const std::string& top);

/// The run in which an original goes on in this overlay, by its name; empty when it is no original's overlay.
[[nodiscard]] std::string run_of_overlay(const std::string& path);

enum class Place { isolated, sealed };
[[nodiscard]] std::string network_name(const std::string& run, Place place);
/// Bridge of that network, at most 15 characters, from a hash of the run id.
[[nodiscard]] std::string bridge_name(const std::string& run, Place place);

[[nodiscard]] std::string directory_of(const std::string& path);
[[nodiscard]] std::string file_name_of(const std::string& path);

/// Error: invalid, when the id could not stand in a file name.
[[nodiscard]] Result<> check_run_id(const std::string& run);

}  // namespace moult::virt
