#include "drivers/sim/vendor.hpp"

#include <algorithm>

namespace moult::sim {
namespace {

void collect(std::vector<VendorCommand>& commands, const Component& component) {
  const auto add = [&](const Argv& argv, VendorAct act) {
    if (!argv.empty()) commands.push_back({argv, act, &component});
  };
  add(component.detect.command, VendorAct::detect);
  add(component.update.command, VendorAct::update);
  add(component.update.revert, VendorAct::revert);
  add(component.check.command, VendorAct::check);
  add(component.hooks.warm, VendorAct::warm);
  add(component.hooks.quiesce, VendorAct::quiesce);
  add(component.hooks.activate, VendorAct::activate);
  add(component.hooks.stop, VendorAct::stop);
  add(component.hooks.start, VendorAct::start);
  for (const auto& data : component.data) {
    add(data.migrate, VendorAct::migrate);
    add(data.downgrade, VendorAct::downgrade);
    for (const auto& rule : data.conflict) add(rule.merge, VendorAct::merge);
  }
}

std::string_view base_name(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

}  // namespace

Vendor::Vendor(MaintenanceDescriptor descriptor) : descriptor_(std::move(descriptor)) {
  for (const auto& component : descriptor_.components) collect(commands_, component);
}

const VendorCommand* Vendor::find(const Argv& argv) const {
  const auto found =
      std::find_if(commands_.begin(), commands_.end(), [&](const auto& one) { return one.argv == argv; });
  return found == commands_.end() ? nullptr : &*found;
}

bool Vendor::knows_program(std::string_view program) const {
  return std::any_of(commands_.begin(), commands_.end(), [&](const auto& one) { return one.argv.front() == program; });
}

const Component* Vendor::component_of_payload(std::string_view name) const {
  const auto same = [name](const std::string& payload) { return base_name(payload) == name; };
  for (const auto& component : descriptor_.components) {
    const auto& update = component.update;
    if (same(update.archive) || std::any_of(update.packages.begin(), update.packages.end(), same) ||
        std::any_of(update.payload.begin(), update.payload.end(), same))
      return &component;
  }
  return nullptr;
}

MaintenanceDescriptor with_installed(MaintenanceDescriptor maintenance, const ApplianceDescriptor& appliance) {
  for (const auto& installed : appliance.components) {
    if (maintenance.find_component(installed.name) != nullptr) continue;
    Component component;
    component.name = installed.name;
    component.machine = installed.machine;
    component.detect = installed.detect;
    component.level.to = "1.0.0";
    component.level.from = "=1.0.0";
    maintenance.components.push_back(std::move(component));
  }
  return maintenance;
}

std::string package_path(std::string_view package) { return "/var/lib/dpkg/sim/" + std::string(package); }

std::string level_path(const Component& component) {
  switch (component.detect.kind) {
    case DriverKind::deb:
      return package_path(component.detect.package);
    case DriverKind::archive:
      return component.detect.file;
    case DriverKind::command:
      return "/var/lib/sim-levels/" + component.name;
  }
  return {};
}

}  // namespace moult::sim
