#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/disk_handover.hpp"
#include "drivers/guest_files.hpp"
#include "drivers/machine.hpp"
#include "drivers/sim/tree.hpp"
#include "drivers/tcp_connection.hpp"

namespace moult::sim {

/// One file of a disk chain: everything that can be seen through it. Layers are written by the top's owner alone.
struct Layer {
  std::string base;  ///< path of the layer below; empty: a base image
  std::string format = "qcow2";
  Tree tree;
  std::uint64_t blocks = 0;  ///< stands for content outside file systems, on every disk
  std::uint64_t virtual_bytes = 0, allocated_bytes = 0;
  bool written = false;  ///< of a disk that was handed over: somebody had it since it was made
};

struct Disk {
  std::string target, path;
  std::string mount{};   ///< where a guest has it; empty: its content stands for nothing
  bool mounted = false;  ///< then the files below `mount` are among those of the first disk, else in its own layer
  std::uint64_t at_start = 0;  ///< bytes a second that a start of its machine limits writes to; 0: no limit
  std::uint64_t limit = 0;     ///< the one that counts now
  std::uint64_t written = 0;   ///< bytes, since its machine was started
  Time busy_until = 0;         ///< with what it was given under a limit
};

struct Nic {
  std::string mac, source;
  std::string production;  ///< where the original's persistent description puts it
  std::string at_start;    ///< where a start of its machine puts it
};

/// What capture knows of one set on the side that serves.
struct Capture {
  FileSet set;
  std::set<std::string, std::less<>> dirty;      ///< relative paths, changed since the last round
  std::set<std::string, std::less<>> held;       ///< written without an event, and held open by the writer
  bool overflow = false;                         ///< changes were lost: the next round scans
  std::map<std::string, std::uint64_t> stamps;   ///< as last taken, for scans
  std::map<std::string, std::uint64_t> carried;  ///< with the sum that the last round sent
};

/// What the receiving side knows of one path.
struct Held {
  std::uint64_t stamp = 0;  ///< of the state that is not the target's own change; 0: absent
  std::uint64_t sum = 0;    ///< of what was there at the beginning or was carried last
  bool carried = false;
};

struct Target {
  FileSet set;
  std::map<std::string, Held> held;
  std::set<std::string> conflicts;  ///< changed on both sides, and no rule decided
  bool emitted = false;             ///< since it was opened: its knowledge is out of date
};

/// A run's helper: gone when the guest goes.
struct Helper {
  std::string run;
  bool capturing = false;
  std::map<std::string, Capture> captures;
  std::map<std::string, Target> targets;
};

/// What a guest loses when it stops.
struct Guest {
  bool booted = false;
  Time boots_at = kNever;
  std::uint32_t epoch = 0;   ///< counts boots
  Time frozen_until = 0;     ///< 0: not frozen
  bool lease_ended = false;  ///< thawed by itself since the last freeze
  std::optional<Helper> helper;
  std::set<std::string> stopped;  ///< units and hooks that were stopped: this guest does not serve
  TcpConnections connections;     ///< what a test gives it: simulated clients have none, each request stands for itself
  TcpConnections tickled;         ///< of whose end it told the peers

  /// Of a machine that is on: it neither runs nor is on its way to.
  [[nodiscard]] bool hangs() const { return !booted && boots_at == kNever; }
};

struct Domain {
  MachineRef ref;
  int role = 0;       ///< index of the machine in the appliance
  std::string run;    ///< of a clone; empty: an original
  std::string alias;  ///< the original's name, kept in the metadata by a consolidated clone until it is next off
  std::string uuid;
  PowerState state = PowerState::off;
  bool persistent = true, autostart = true, has_agent = true;
  std::uint64_t memory_kib = 512ULL * 1024;
  std::vector<Disk> disks;
  std::vector<Nic> nics;
  Guest guest;
  std::vector<Disk> withdrawn;              ///< of which it knows, and which it does not have
  std::map<std::string, DiskOwner> owners;  ///< an original's record of disks that change hands
  Tree* files = nullptr;                    ///< what World::tree() found last
  std::uint64_t files_turn = 0;             ///< and when: World::disks_turn_
};

struct Host {
  std::uint64_t free_bytes = 0;
  std::map<std::string, Layer> layers;
  std::set<std::string> networks;
  Time down_until = 0;  ///< its daemon does not answer before
};

/// What the simulated migration puts behind a file's content: the form in which a new level keeps it.
inline constexpr std::string_view kMigrated = "+migrated\n";

/// One note: the unit in which clients count. Revisions start at 1; a deletion is a revision too.
struct Note {
  std::uint32_t client = 0, number = 0;
  std::uint32_t acknowledged = 0, tried = 0;  ///< highest revision; 0: none
  std::uint32_t deleted_at = 0;               ///< the revision that deletes it; 0: none was tried
  std::string path{};                         ///< World::note_path()
};

enum class ClientPhase : std::uint8_t { thinking, held, inside, blocked, acking };

struct Client {
  ClientPhase phase = ClientPhase::thinking;
  bool reading = false, retrying = false;
  std::uint32_t note = 0;  ///< index into World's notes
  std::uint32_t revision = 0;
  std::uint32_t turn = 0;  ///< marks which of its events is still meant
  Time began = 0, next = 0;
  int domain = -1;          ///< where its request is
  std::uint32_t epoch = 0;  ///< of that guest
};

/// Where clients come in, as the world holds it.
struct Gatehouse {
  bool can_hold = true;
  Time hold_until = 0;     ///< 0: not holding
  bool on_record = false;  ///< a hold that nobody released is still written there, also when it has ended
};

/// What clients saw.
struct Accounts {
  std::uint64_t requests = 0, failed = 0, writes_acknowledged = 0, reads = 0;
  Time longest_wait = 0;
};

}  // namespace moult::sim
