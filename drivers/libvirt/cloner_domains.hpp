#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "drivers/appliance_cloner.hpp"
#include "drivers/libvirt/host.hpp"

namespace moult::virt {

/// What the cloner does with whole domains. All idempotent.

struct DiskSize {
  std::uint64_t virtual_bytes = 0;
  std::uint64_t allocated_bytes = 0;  ///< without an image's holes, where the host tells of them
};
[[nodiscard]] Result<DiskSize> disk_size(Host& host, const std::string& domain, const std::string& target);

/// The run's clone: present (running), partial (defined, not running) or absent. Error: refused, when a domain of
/// its name is not of this run.
[[nodiscard]] Result<Presence> find_clone(Host& host, const std::string& run, const std::string& original);

[[nodiscard]] Result<> define_domain(Host& host, const std::string& name, const std::string& xml);
[[nodiscard]] Result<> start_domain(Host& host, const std::string& name);
[[nodiscard]] Result<> power_off_domain(Host& host, const std::string& name);
/// Powers off and undefines a clone of the run, with its firmware variables and TPM state. Error: refused, when
/// the domain is not the run's.
[[nodiscard]] Result<> discard_domain(Host& host, const std::string& run, const std::string& clone);

/// No disk of the domain, live or persistent, has one of these files in its chain. Error: failed.
[[nodiscard]] Result<> ensure_unused(Host& host, const std::string& domain, const std::set<std::string>& files);

/// No record of disks that changed hands is left in a domain's description. Error: refused, when it lacks a disk.
[[nodiscard]] Result<> end_handover(Host& host, const std::string& domain);

/// Who is who when a run finishes; also after a part of it is done.
struct Succession {
  std::string clone;  ///< its present name; empty: there is none
  bool original_exists = false;
};
[[nodiscard]] Result<Succession> read_succession(Host& host, const std::string& run, const std::string& original);

/// Makes the clone the original's successor: the original's persistent description and autostart become the clone's,
/// under the clone's name and UUID, and the original is undefined. The clone's disks must be consolidated.
[[nodiscard]] Result<> hand_over(Host& host, const std::string& run, const std::string& original);

/// Renames a successor to its original's name when it is off; a running one keeps its name, for libvirt renames no
/// running domain, and is found under both. No other domain is touched.
[[nodiscard]] Result<> take_over_name(Host& host, const std::string& domain);

}  // namespace moult::virt
