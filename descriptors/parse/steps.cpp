// What is done to a component: detect, update, check, hooks.
#include <utility>

#include "descriptors/parse/descriptor.hpp"

namespace moult::parse {
namespace {

constexpr int kHighestPort = 65535;
constexpr int kLowestStatus = 100, kHighestStatus = 599;

/// Which of deb, archive and command a mapping names; they stand alone.
std::optional<DriverKind> driver_of(const Mapping& mapping) {
  const auto kind = mapping.exactly_one({"deb", "archive", "command"});
  if (!kind) return std::nullopt;
  return *kind == "deb" ? DriverKind::deb : *kind == "archive" ? DriverKind::archive : DriverKind::command;
}

/// Names of payload files in a list, noted for the check against `payload`.
void read_payload_names(const Mapping& mapping, std::string_view key, bool needed, std::vector<std::string>& out,
                        References& references, Report& report) {
  const auto value = mapping.find(key);
  if (!value) return;
  for (const auto& item : items_of(*value, "a list of payload names, [file]", report))
    if (auto name = read_text(item, kPayloadName, report)) {
      references.payload.push_back({*name, report.locate(item.node->at), item.path});
      out.push_back(std::move(*name));
    }
  if (needed && value->node->kind == yaml::NodeKind::sequence && value->node->items.empty())
    report.add(value->node->at, value->path, "expected at least one payload name");
}

void read_http(const Value& value, CheckSpec& check, Report& report) {
  check.kind = CheckKind::http;
  const Mapping http(value, kHttpKeys, report);
  http.number("port", 1, kHighestPort, check.port);
  http.text("path", kHttpPath, check.path);
  http.number("status", kLowestStatus, kHighestStatus, check.status);
  http.text("contains", kAnyText, check.contains);
}

}  // namespace

DetectSpec read_detect(const Value& value, Report& report) {
  const Mapping mapping(value, kDetectKeys, report);
  DetectSpec detect;
  detect.at = mapping.location();
  detect.kind = driver_of(mapping).value_or(DriverKind::command);
  mapping.text("deb", kPackageName, detect.package);
  mapping.text("archive", kAbsolutePath, detect.file);
  mapping.argv("command", detect.command);
  return detect;
}

UpdateSpec read_update(const Value& value, References& references, Report& report) {
  const Mapping mapping(value, kUpdateKeys, report);
  UpdateSpec update;
  update.at = mapping.location();
  update.kind = driver_of(mapping).value_or(DriverKind::command);
  read_payload_names(mapping, "deb", true, update.packages, references, report);
  mapping.text("archive", kPayloadName, update.archive);
  if (const auto archive = mapping.find("archive"); archive && !update.archive.empty())
    references.payload.push_back({update.archive, report.locate(archive->node->at), archive->path});
  mapping.directory("unpack_to", update.unpack_to);
  mapping.only_with("unpack_to", "archive", true);
  mapping.argv("command", update.command);
  mapping.argv("revert", update.revert);
  mapping.only_with("revert", "command");
  read_payload_names(mapping, "payload", false, update.payload, references, report);
  mapping.only_with("payload", "command");
  mapping.list("stop", kUnitName, update.stop);
  mapping.list("start", kUnitName, update.start);
  mapping.flag("reboot", update.reboot);
  mapping.duration("timeout", update.timeout);
  return update;
}

CheckSpec read_check(const Value& value, Report& report) {
  const Mapping mapping(value, kCheckKeys, report);
  CheckSpec check;
  check.at = mapping.location();
  const auto kind = mapping.exactly_one({"http", "tcp", "command"});
  if (kind == "http") read_http(*mapping.find("http"), check, report);
  if (kind == "tcp") {
    check.kind = CheckKind::tcp;
    const Mapping tcp(*mapping.find("tcp"), kTcpKeys, report);
    tcp.number("port", 1, kHighestPort, check.port);
  }
  if (kind == "command") check.kind = CheckKind::command;
  mapping.argv("command", check.command);
  mapping.duration("timeout", check.timeout);
  return check;
}

HookSpec read_hooks(const Value& value, Report& report) {
  const Mapping mapping(value, kHookKeys, report);
  HookSpec hooks;
  mapping.argv("warm", hooks.warm);
  mapping.argv("quiesce", hooks.quiesce);
  mapping.argv("activate", hooks.activate);
  mapping.argv("stop", hooks.stop);
  mapping.argv("start", hooks.start);
  return hooks;
}

}  // namespace moult::parse
