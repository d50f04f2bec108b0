// Data that the vendor's own commands carry, or that they tell the application to carry.
#include <array>
#include <string>

#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr int kSpoken = 1;
constexpr int kHighestVersion = 65535;
constexpr int kMostPort = 65535;
constexpr std::uint64_t kMostMib = 4096;

enum class Reverse { same, none };
constexpr std::array<Choice<Reverse>, 2> kReverses{{{"same", Reverse::same}, {"none", Reverse::none}}};

void read_commands(const Mapping& mapping, HookCommands& commands) {
  mapping.argv("capture", commands.capture);
  mapping.argv("round", commands.round);
  mapping.argv("replay", commands.replay);
  mapping.argv("follow", commands.follow);
  mapping.argv("promote", commands.promote);
  mapping.argv("verify", commands.verify);
  mapping.argv("quiesce", commands.quiesce);
  mapping.argv("resume", commands.resume);
  mapping.argv("end", commands.end);
}

void read_reverse(const Value& value, const KeySet& keys, HooksData& hooks, Report& report) {
  if (value.node->kind == yaml::NodeKind::mapping)
    read_commands(Mapping(value, keys, report), hooks.back);
  else if (expect(value, yaml::NodeKind::scalar, "same, none, or a mapping of commands for the way back", report))
    hooks.one_way = read_choice(value, kReverses, report) == Reverse::none;
}

void read_version(const Mapping& mapping, int& version, Report& report) {
  mapping.number("version", 1, kHighestVersion, version);
  const auto value = mapping.find("version");
  if (value && version != kSpoken)
    report.add(value->node->at, value->path,
               "version " + std::to_string(version) +
                   " of the commands' contract is not known; this moult speaks version " + std::to_string(kSpoken));
}

/// What both kinds of sets have that commands carry.
HooksData read_common(const Mapping& mapping, const KeySet& reverse_keys, Report& report) {
  HooksData hooks;
  read_version(mapping, hooks.version, report);
  read_commands(mapping, hooks.forward);
  hooks.back = hooks.forward;
  if (const auto reverse = mapping.find("reverse")) read_reverse(*reverse, reverse_keys, hooks, report);
  mapping.duration("timeout", hooks.timeout);
  return hooks;
}

}  // namespace

HooksData read_replication(const Value& value, Report& report) {
  const Mapping mapping(value, kReplicationKeys, report);
  auto replication = read_common(mapping, kReverseReplicationKeys, report);
  mapping.number("port", 1, kMostPort, replication.port);
  return replication;
}

HooksData read_hooks_data(const Value& value, Report& report) {
  const Mapping mapping(value, kDataHooksKeys, report);
  auto hooks = read_common(mapping, kReverseHooksKeys, report);
  std::uint64_t mib = hooks.largest >> 20U;
  mapping.number("round_mib", 1, kMostMib, mib);
  hooks.largest = mib << 20U;
  return hooks;
}

}  // namespace moult::parse
