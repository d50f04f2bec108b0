#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "descriptors/base/location.hpp"
#include "descriptors/detect.hpp"

namespace moult {

/// One machine as the admin's file names it.
struct MachineEntry {
  std::string name;    ///< key in `machines`
  std::string host;    ///< key in `hosts`
  std::string domain;  ///< libvirt domain name
  Location at;
};

/// A component as the admin's file names it: where it runs and how its level is found, without a target.
struct InstalledComponent {
  std::string name;
  std::string machine;  ///< key in `machines`
  DetectSpec detect;
  Location at;
};

enum class EntryKind { none, haproxy, command };

/// Where clients come in.
struct EntrySpec {
  EntryKind kind = EntryKind::none;
  std::string socket;                 ///< haproxy: path of the runtime API's socket
  std::string frontend;               ///< haproxy: name of the frontend
  std::string map;                    ///< haproxy: the hold map's name; default /etc/haproxy/moult-hold.map
  std::vector<std::string> backends;  ///< haproxy: those that lead to the appliance; empty: all of the HAProxy
  std::vector<std::string> hold, drain, release, where;  ///< command: argument vectors
  std::string check_url;  ///< optional: http URL asked through the entry after the switch
  Location at;
};

/// The admin's file: which machines make the appliance up, where they run, how clients reach them.
struct ApplianceDescriptor {
  std::string id;                              ///< the vendor's identifier, "org.example.notes"
  Location id_at;                              ///< where `id` stands
  std::map<std::string, std::string> hosts;    ///< name -> libvirt URI
  std::vector<MachineEntry> machines;          ///< in the order of the file
  std::vector<InstalledComponent> components;  ///< in the order of the file; may be empty: maintenances name theirs
  EntrySpec entry;
  std::string source;  ///< path it was read from
  std::string sha256;  ///< of the file's bytes, lower-case hex

  [[nodiscard]] const MachineEntry* find_machine(const std::string& name) const;
  [[nodiscard]] const InstalledComponent* find_component(const std::string& name) const;
  /// The libvirt URI of a machine's host.
  [[nodiscard]] const std::string& uri_of(const MachineEntry& machine) const;
};

}  // namespace moult
