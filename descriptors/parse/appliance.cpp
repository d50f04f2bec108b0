#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr std::string_view kDefaultHost = "default";
constexpr std::string_view kDefaultUri = "qemu:///system";
constexpr std::string_view kDefaultMap = "/etc/haproxy/moult-hold.map";

std::string default_uri() {
  const char* configured = std::getenv("LIBVIRT_DEFAULT_URI");
  return configured != nullptr && *configured != '\0' ? configured : std::string(kDefaultUri);
}

std::map<std::string, std::string> read_hosts(const Mapping& root, Report& report) {
  std::map<std::string, std::string> hosts;
  const auto value = root.find("hosts");
  if (!value) {
    hosts.emplace(kDefaultHost, default_uri());
    return hosts;
  }
  const auto entries = named_entries(*value, kName, "a mapping of host names and libvirt URIs", report);
  for (const auto& [name, uri] : entries)
    hosts.emplace(name, read_text(uri, kHostUri, report).value_or(""));  // the name is known, whatever its URI
  if (value->node->kind == yaml::NodeKind::mapping && value->node->entries.empty())
    report.add(value->key_at, value->path, "no host is given; leave hosts out to use " + default_uri());
  return hosts;
}

/// A machine may leave its host out when there is only one.
void read_host(const Mapping& machine, const Value& value, const std::map<std::string, std::string>& hosts,
               MachineEntry& entry, Report& report) {
  const auto given = machine.find("host");
  machine.text("host", kName, entry.host);
  std::vector<std::string> names;
  names.reserve(hosts.size());
  for (const auto& host : hosts) names.push_back(host.first);
  if (!given && hosts.size() == 1) {
    entry.host = names.front();
  } else if (!given && machine.is_mapping() && hosts.size() > 1) {
    report.add(value.key_at, value.path + ".host",
               "required key is missing where there are several hosts: " + joined(names));
  } else if (given && !entry.host.empty() && hosts.count(entry.host) == 0) {
    report.add(given->node->at, given->path,
               "no host " + in_quotes(entry.host) + " under hosts (" + joined(names) + ")", nearest(entry.host, names));
  }
}

/// Host URI and domain name: the same ones are the same virtual machine.
using Domains = std::map<std::pair<std::string, std::string>, MachineEntry>;

void check_domain_is_free(Domains& taken, const std::string& uri, const MachineEntry& entry, const Value& value,
                          Report& report) {
  if (entry.domain.empty() || uri.empty()) return;
  const auto [first, fresh] = taken.emplace(std::pair(uri, entry.domain), entry);
  if (!fresh)
    report.add(value.key_at, value.path,
               "the domain " + in_quotes(entry.domain) + " is already the machine " + in_quotes(first->second.name) +
                   " at line " + std::to_string(first->second.at.line));
}

void read_machines(const Mapping& root, ApplianceDescriptor& appliance, Report& report) {
  const auto value = root.find("machines");
  if (!value) return;
  Domains taken;
  for (const auto& [name, machine_value] : named_entries(*value, kName, "a mapping of machine names", report)) {
    const Mapping machine(machine_value, kMachineKeys, report);
    MachineEntry entry{name, {}, {}, machine.location()};
    read_host(machine, machine_value, appliance.hosts, entry, report);
    machine.text("domain", kDomainName, entry.domain);
    check_domain_is_free(taken, appliance.uri_of(entry), entry, machine_value, report);
    appliance.machines.push_back(std::move(entry));
  }
  if (value->node->kind == yaml::NodeKind::mapping && value->node->entries.empty())
    report.add(value->key_at, value->path, "an appliance needs at least one machine");
}

/// What runs on a machine that could not be read is not judged.
void check_machine(const Mapping& mapping, const InstalledComponent& component, const Mapping& root, Report& report) {
  const auto machines = root.find("machines");
  const auto given = mapping.find("machine");
  if (!machines || !given || component.machine.empty() || machines->node->kind != yaml::NodeKind::mapping) return;
  std::vector<std::string> names;
  for (const auto& entry : machines->node->entries) names.push_back(entry.key);
  if (std::find(names.begin(), names.end(), component.machine) == names.end())
    report.add(given->node->at, given->path,
               "no machine " + in_quotes(component.machine) + " under machines (" + joined(names) + ")",
               nearest(component.machine, names));
}

void read_installed(const Mapping& root, ApplianceDescriptor& appliance, Report& report) {
  const auto value = root.find("components");
  if (!value) return;
  for (const auto& [name, component_value] : named_entries(*value, kName, "a mapping of component names", report)) {
    const Mapping mapping(component_value, kInstalledKeys, report);
    InstalledComponent component{name, {}, {}, mapping.location()};
    mapping.text("machine", kName, component.machine);
    check_machine(mapping, component, root, report);
    if (const auto detect = mapping.find("detect")) component.detect = read_detect(*detect, report);
    appliance.components.push_back(std::move(component));
  }
}

void read_haproxy(const Value& value, EntrySpec& entry, Report& report) {
  entry.kind = EntryKind::haproxy;
  entry.map = kDefaultMap;
  const Mapping haproxy(value, kHaproxyKeys, report);
  haproxy.text("socket", kAbsolutePath, entry.socket);
  haproxy.text("frontend", kFrontendName, entry.frontend);
  haproxy.text("map", kMapName, entry.map);
  haproxy.list("backends", kBackendName, entry.backends);
  if (const auto list = haproxy.find("backends");
      list && list->node->kind == yaml::NodeKind::sequence && list->node->items.empty())
    report.add(list->node->at, list->path, "expected at least one backend; leave backends out for all of the HAProxy");
}

void read_entry_command(const Value& value, EntrySpec& entry, Report& report) {
  entry.kind = EntryKind::command;
  const Mapping command(value, kEntryCommandKeys, report);
  command.argv("hold", entry.hold);
  command.argv("drain", entry.drain);
  command.argv("release", entry.release);
  command.argv("where", entry.where);
}

EntrySpec read_entry(const Value& value, Report& report) {
  EntrySpec entry;
  entry.at = report.locate(value.key_at);
  if (value.node->kind == yaml::NodeKind::scalar) {
    if (value.node->text != "none")
      report.add(value.node->at, value.path,
                 "expected none, or a mapping with one of the keys haproxy, none, command; found " +
                     in_quotes(value.node->text));
    return entry;
  }
  const Mapping mapping(value, kEntryKeys, report);
  mapping.text("check", kHttpUrl, entry.check_url);
  const auto kind = mapping.exactly_one({"haproxy", "none", "command"});
  if (kind == "haproxy") read_haproxy(*mapping.find("haproxy"), entry, report);
  if (kind == "command") read_entry_command(*mapping.find("command"), entry, report);
  if (kind == "none") (void)Mapping(*mapping.find("none"), kNoneKeys, report);
  return entry;
}

}  // namespace

ApplianceDescriptor read_appliance(const yaml::TreeNode& root, Report& report) {
  const Mapping mapping({&root, {}, {}}, kApplianceKeys, report);
  ApplianceDescriptor appliance;
  mapping.text("id", kIdentifier, appliance.id);
  if (const auto id = mapping.find("id")) appliance.id_at = report.locate(id->key_at);
  appliance.hosts = read_hosts(mapping, report);
  read_machines(mapping, appliance, report);
  read_installed(mapping, appliance, report);
  if (const auto entry = mapping.find("entry")) appliance.entry = read_entry(*entry, report);
  return appliance;
}

}  // namespace moult::parse
