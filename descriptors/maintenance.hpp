#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "descriptors/base/location.hpp"
#include "descriptors/detect.hpp"
#include "descriptors/native.hpp"

namespace moult {

enum class Scheme { semver, deb, rpm, numeric, date, pep440 };

/// Target level of a component, and the found levels that the vendor lets it start from.
struct LevelSpec {
  std::string to;
  std::string from;  ///< constraint such as ">=1.0.0 <2.0.0"; empty: any level
  Scheme scheme = Scheme::semver;
  Location at;
};

/// How a component is brought to its target level.
struct UpdateSpec {
  DriverKind kind = DriverKind::command;
  std::vector<std::string> packages;     ///< deb: payload names
  std::string archive;                   ///< archive: payload name
  std::string unpack_to;                 ///< archive: absolute directory in the guest, replaced whole
  Argv command;                          ///< command: run in the guest; payloads in $MOULT_PAYLOAD
  Argv revert;                           ///< command: optional, undoes `command`
  std::vector<std::string> payload;      ///< command: payload names it needs
  std::vector<std::string> stop, start;  ///< systemd units stopped before and started after
  bool reboot = false;                   ///< the clone is rebooted after the update
  std::chrono::milliseconds timeout{std::chrono::minutes{10}};
  Location at;
};

enum class CheckKind { none, http, tcp, command };

/// A condition that must come true after an update, asked inside the guest.
struct CheckSpec {
  CheckKind kind = CheckKind::none;
  int port = 0;
  std::string path = "/";
  int status = 200;
  std::string contains;                                         ///< http: text that the body must contain; may be empty
  Argv command;                                                 ///< exit code 0 means good
  std::chrono::milliseconds timeout{std::chrono::seconds{60}};  ///< until it must be good
  Location at;
};

/// Commands that the vendor wants run at given points of a run; empty: none.
struct HookSpec {
  Argv warm;      ///< clone, before clients wait
  Argv quiesce;   ///< original, before the fence
  Argv activate;  ///< clone, after verification
  Argv stop;      ///< original, at the seal: stops the services that write
  Argv start;     ///< original, at a rollback: starts what `stop` stopped
};

enum class DataKind { files, handover, native, hooks };
/// As written in descriptors and plans.
[[nodiscard]] std::string_view name_of(DataKind kind);
enum class ConflictRule { refuse, keep_original, keep_clone, merge };

struct PatternRule {
  std::string pattern;  ///< glob on the path below the root; "*" for all
  ConflictRule rule = ConflictRule::refuse;
  Argv merge;
};

/// The vendor's own commands that carry a data set, for one direction (docs/descriptors.md has their contract). A set
/// whose application follows another has `follow` and `promote` instead of `capture`, `round` and `replay`.
struct HookCommands {
  Argv capture;  ///< source: starts noticing changes
  Argv round;    ///< source: prints what changed since a moment
  Argv replay;   ///< target: applies what `round` printed
  Argv verify;   ///< either: prints a digest of the set
  Argv quiesce;  ///< source: stops the writers
  Argv resume;   ///< source: lets them write again
  Argv end;      ///< the side that stays, at the end of a run: takes away what `capture` left; may be empty
  Argv follow;   ///< target: sees to it that it follows the source, and waits until it has all that the source holds
  Argv promote;  ///< target: follows nobody any more
};

/// Data that the vendor's commands carry: all by themselves, or by telling the application to follow the other side's.
struct HooksData {
  int version = 1;  ///< of the commands' contract
  int port = 0;     ///< native: the application's, on both sides; 0: they carry by themselves
  HookCommands forward, back;
  bool one_way = false;                                         ///< there is no way back
  std::chrono::milliseconds timeout{std::chrono::minutes{10}};  ///< of each command
  std::uint64_t largest = 64U << 20U;                           ///< bytes that one `round` may print
};

/// What `handover` says: the disk itself changes hands.
struct HandoverData {
  std::string disk;             ///< target of the machine's disk, "vdb"; where it is mounted is the set's root
  bool keeps_snapshot = false;  ///< the way back starts from the disk as it was handed over
};

/// Local data of a component, which must survive.
struct DataSpec {
  std::string name;
  DataKind kind = DataKind::files;
  std::string root;  ///< files, handover: absolute directory in the guest
  std::vector<std::string> include, exclude;
  std::vector<PatternRule> conflict;  ///< first match decides; none matching: refuse
  Argv migrate, downgrade;
  HandoverData handover{};      ///< handover
  HooksData hooks{};            ///< hooks; native, where it has a port
  PostgresqlData postgresql{};  ///< native otherwise
  Location at;
};

/// A condition on another component's found or target level.
struct Requirement {
  std::string component;
  std::string constraint;
  Location at;
};

struct Component {
  std::string name;
  std::string machine;
  Location machine_at;  ///< where the machine is named
  LevelSpec level;
  DetectSpec detect;
  UpdateSpec update;
  CheckSpec check;
  HookSpec hooks;
  std::vector<DataSpec> data;
  std::vector<std::string> after;  ///< components updated before this one
  std::vector<Location> after_at;  ///< where each edge of `after` was written
  std::vector<Requirement> requires_;
  bool parallel = false;  ///< may run beside others on the same machine
  Location at;
};

struct Payload {
  std::string name;  ///< path relative to the descriptor's directory
  std::string sha256;
  std::uint64_t size = 0;
  Location at;
};

/// The vendor's file.
struct MaintenanceDescriptor {
  std::string appliance;  ///< the appliance's id
  Location appliance_at;  ///< where it stands
  std::string release;
  std::string notes;                  ///< optional text for people
  std::vector<Component> components;  ///< in the order of the file
  std::vector<Payload> payload;
  std::string source;     ///< path it was read from
  std::string directory;  ///< payload names are relative to it
  std::string sha256;

  [[nodiscard]] const Component* find_component(const std::string& name) const;
  [[nodiscard]] const Payload* find_payload(const std::string& name) const;
};

}  // namespace moult
