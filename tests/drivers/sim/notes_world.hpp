#pragma once

#include "drivers/sim/platform.hpp"

namespace moult::sim::test {

/// The sample appliance in small: web in front, app behind it with a data set; one component is current already.
[[nodiscard]] inline SimOptions notes_options(std::uint64_t seed = 1) {
  SimOptions options;
  options.seed = seed;
  auto& appliance = options.appliance;
  appliance.id = "org.example.notes";
  appliance.hosts["here"] = "sim:///here";
  appliance.machines = {{"web", "here", "notes-web", {}}, {"app", "here", "notes-app", {}}};
  appliance.entry.kind = EntryKind::haproxy;
  auto& maintenance = options.maintenance;
  maintenance.appliance = appliance.id;
  maintenance.release = "2.0.0";
  Component api;
  api.name = "notes-api";
  api.machine = "app";
  api.level = {"2.0.0", ">=1.0.0", Scheme::semver, {}};
  api.detect.kind = DriverKind::deb;
  api.detect.package = "notes-api";
  api.update.kind = DriverKind::deb;
  api.update.packages = {"notes-api_2.0.0_amd64.deb"};
  api.hooks.activate = {"systemctl", "restart", "notes-api"};
  DataSpec notes;
  notes.name = "notes";
  notes.root = "/var/lib/notes";
  notes.exclude = {"*.tmp"};
  notes.migrate = {"notes-migrate", "--to", "2"};
  notes.downgrade = {"notes-migrate", "--to", "1"};
  api.data = {notes};
  Component ui = api;
  ui.name = "notes-ui";
  ui.machine = "web";
  ui.detect = {};
  ui.detect.command = {"notes-ui", "--version"};
  ui.update = {};
  ui.update.command = {"notes-ui-setup", "2.0.0"};
  ui.data.clear();
  ui.after = {"notes-api"};
  ui.after_at = {{}};
  Component proxy = ui;
  proxy.name = "proxy";
  proxy.level = {"1.22.1", "", Scheme::semver, {}};
  proxy.detect.command = {"nginx", "-v"};
  proxy.update.command = {"nginx-setup"};
  proxy.after.clear();
  proxy.after_at.clear();
  maintenance.components = {api, ui, proxy};
  options.levels = {{"proxy", "1.22.1"}};
  return options;
}

/// The scripted upgrade's data set, as the orchestrator declares it.
[[nodiscard]] inline FileSet notes_set() { return {"notes-api.notes", "/var/lib/notes", {}, {"*.tmp"}, {}}; }

}  // namespace moult::sim::test
