#include "drivers/sim/programs.hpp"

namespace moult::sim {
namespace {

void set_level(Process& process, const Component& component, const std::string& level) {
  const auto path = level_path(component);
  auto& files = process.files();
  if (const auto found = files.find(path); found != files.end() && found->second.content != level + "\n")
    process.world.write(process.domain, "/var/lib/sim-before/" + component.name, found->second);
  process.world.write(process.domain, path, {FileNode::Kind::file, 0644, 0, 0, level + "\n"});
}

Result<> revert(Process& process, const Component& component) {
  const auto before = process.files().find("/var/lib/sim-before/" + component.name);
  if (before == process.files().end()) return process.complain(1, "nothing to revert to");
  process.world.write(process.domain, level_path(component), before->second);
  return {};
}

Result<> detect(Process& process, const Component& component) {
  const auto found = process.files().find(level_path(component));
  if (found == process.files().end()) return {};  // printing nothing means that it is not installed
  process.outcome.out = found->second.content;
  return {};
}

/// Paths on standard input, NUL between; none: the whole set.
std::vector<std::string> paths_given(Process& process, const std::string& root) {
  std::vector<std::string> paths;
  std::string path;
  for (const char c : process.command.input) {
    if (c != '\0') path.push_back(c);
    if (c == '\0' && !path.empty()) paths.push_back(root + "/" + std::exchange(path, {}));
  }
  if (!path.empty()) paths.push_back(root + "/" + path);
  if (!paths.empty()) return paths;
  for (auto at = process.files().lower_bound(root + "/"); at != process.files().end() && is_below(at->first, root);
       ++at)
    paths.push_back(at->first);
  return paths;
}

Result<> migrate(Process& process, bool forward) {
  const auto root = process.command.env.find("MOULT_DATA_ROOT");
  if (root == process.command.env.end()) return process.complain(2, "MOULT_DATA_ROOT is not set");
  if (!writable(process.world, process.domain, root->second)) return still_frozen(process.world, process.command);
  for (const auto& path : paths_given(process, root->second)) {
    const auto found = process.files().find(path);
    if (found == process.files().end() || found->second.kind != FileNode::Kind::file) continue;
    if (found->second.content.ends_with(kMigrated) == forward) continue;
    FileNode node = found->second;
    if (forward)
      node.content += kMigrated;
    else
      node.content.resize(node.content.size() - kMigrated.size());
    process.world.write(process.domain, path, std::move(node));
  }
  return {};
}

}  // namespace

Ran run_vendor(Process& process) {
  const auto* known = process.world.vendor().find(process.argv());
  if (known == nullptr) return std::nullopt;
  const auto& component = *known->component;
  const bool writes = known->act == VendorAct::update || known->act == VendorAct::revert;
  if (writes && !writable(process.world, process.domain, "/")) return still_frozen(process.world, process.command);
  switch (known->act) {
    case VendorAct::detect:
      return detect(process, component);
    case VendorAct::update:
      set_level(process, component, component.level.to);
      return Result<>{};
    case VendorAct::revert:
      return revert(process, component);
    case VendorAct::migrate:
      return migrate(process, true);
    case VendorAct::downgrade:
      return migrate(process, false);
    case VendorAct::stop:
      process.world.set_stopped(process.domain, "hook " + component.name, true);
      break;
    case VendorAct::start:
      process.world.set_stopped(process.domain, "hook " + component.name, false);
      break;
    case VendorAct::check:
    case VendorAct::warm:
    case VendorAct::quiesce:
    case VendorAct::activate:
    case VendorAct::merge:
      break;
  }
  // A hook is often one of the system's own tools, which then does its own work: systemctl stop.
  const auto tool = process.argv().front().substr(process.argv().front().find_last_of('/') + 1);
  if (auto ran = run_package_tool(process, tool)) return ran;
  return Result<>{};
}

}  // namespace moult::sim
