// Data that the vendor's own commands carry.
#include <array>
#include <string>

#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr int kSpoken = 1;
constexpr int kHighestVersion = 65535;
constexpr std::uint64_t kMostMib = 4096;

enum class Reverse { same, none };
constexpr std::array<Choice<Reverse>, 2> kReverses{{{"same", Reverse::same}, {"none", Reverse::none}}};

void read_commands(const Mapping& mapping, HookCommands& commands) {
  mapping.argv("capture", commands.capture);
  mapping.argv("round", commands.round);
  mapping.argv("replay", commands.replay);
  mapping.argv("verify", commands.verify);
  mapping.argv("quiesce", commands.quiesce);
  mapping.argv("resume", commands.resume);
  mapping.argv("end", commands.end);
}

void read_reverse(const Value& value, HooksData& hooks, Report& report) {
  if (value.node->kind == yaml::NodeKind::mapping)
    read_commands(Mapping(value, kReverseHooksKeys, report), hooks.back);
  else if (expect(value, yaml::NodeKind::scalar, "same, none, or a mapping of commands for the way back", report))
    hooks.one_way = read_choice(value, kReverses, report) == Reverse::none;
}

void read_version(const Mapping& mapping, int& version, Report& report) {
  mapping.number("version", 1, kHighestVersion, version);
  const auto value = mapping.find("version");
  if (value && version != kSpoken)
    report.add(value->node->at, value->path,
               "version " + std::to_string(version) +
                   " of the hooks' contract is not known; this moult speaks version " + std::to_string(kSpoken));
}

}  // namespace

HooksData read_hooks_data(const Value& value, Report& report) {
  const Mapping mapping(value, kDataHooksKeys, report);
  HooksData hooks;
  read_version(mapping, hooks.version, report);
  read_commands(mapping, hooks.forward);
  hooks.back = hooks.forward;
  if (const auto reverse = mapping.find("reverse")) read_reverse(*reverse, hooks, report);
  mapping.duration("timeout", hooks.timeout);
  std::uint64_t mib = hooks.largest >> 20U;
  mapping.number("round_mib", 1, kMostMib, mib);
  hooks.largest = mib << 20U;
  return hooks;
}

}  // namespace moult::parse
