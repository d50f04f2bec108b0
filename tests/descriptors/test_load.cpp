#include <cstdlib>

#include "catch.hpp"
#include "corpus.hpp"
#include "descriptors/base/digest.hpp"
#include "descriptors/edges.hpp"
#include "descriptors/load.hpp"
#include "descriptors/parse/descriptor.hpp"

namespace moult {
namespace {

const std::string kGood = "tests/descriptors/data/good/";

TEST_CASE("an appliance descriptor is read whole") {
  const auto loaded = load_appliance(kGood + "appliance-notes.yaml");
  REQUIRE(loaded.good());
  const auto& appliance = loaded.value;
  CHECK(appliance.id == "org.example.notes");
  CHECK(appliance.id_at.line == 3);
  REQUIRE(appliance.machines.size() == 2);
  CHECK(appliance.machines[0].name == "web");  // in the order of the file
  CHECK(appliance.machines[1].domain == "notes-app");
  CHECK(appliance.machines[1].at.text() == kGood + "appliance-notes.yaml:7:3");
  CHECK(appliance.uri_of(appliance.machines[1]) == "qemu:///system");
  CHECK(appliance.find_machine("app") == &appliance.machines[1]);
  CHECK(appliance.find_machine("db") == nullptr);
  CHECK(appliance.entry.kind == EntryKind::haproxy);
  CHECK(appliance.entry.socket == "/run/haproxy/admin.sock");
  CHECK(appliance.entry.frontend == "notes");
  CHECK(appliance.entry.map == "/etc/haproxy/moult-hold.map");
  CHECK(appliance.source == kGood + "appliance-notes.yaml");
  CHECK(appliance.sha256 == sha256_hex(tests::good_text("appliance-notes")));
}

TEST_CASE("without hosts there is one, taken from the environment or libvirt's usual") {
  ::unsetenv("LIBVIRT_DEFAULT_URI");
  const auto path = kGood + "appliance-no-hosts.yaml";
  auto appliance = load_appliance(path).value;
  CHECK(appliance.machines.at(0).host == "default");
  CHECK(appliance.uri_of(appliance.machines[0]) == "qemu:///system");
  CHECK(appliance.entry.kind == EntryKind::none);
  ::setenv("LIBVIRT_DEFAULT_URI", "qemu+ssh://there/system", 1);
  CHECK(load_appliance(path).value.hosts.at("default") == "qemu+ssh://there/system");
  ::unsetenv("LIBVIRT_DEFAULT_URI");
}

TEST_CASE("an entry of commands and a check through it are read") {
  const auto appliance = load_appliance(kGood + "appliance-two-hosts.yaml").value;
  CHECK(appliance.entry.kind == EntryKind::command);
  CHECK(appliance.entry.where == std::vector<std::string>{"shop-entry", "where"});
  CHECK(appliance.entry.check_url == "http://shop.example.com/health");
  CHECK(appliance.uri_of(appliance.machines.at(1)) == "qemu+tls://right.example.com/system");
}

TEST_CASE("disks that change hands are read with where they are mounted and what a rollback starts from") {
  const auto loaded = load_maintenance(kGood + "maintenance-handover.yaml");
  REQUIRE(loaded.good());
  const auto& sets = loaded.value.components.at(0).data;
  REQUIRE(sets.size() == 2);
  CHECK(sets[0].kind == DataKind::handover);
  CHECK(sets[0].handover.disk == "vdb");
  CHECK(sets[0].root == "/srv/data");
  CHECK_FALSE(sets[0].handover.keeps_snapshot);
  CHECK(sets[0].downgrade == Argv{"m", "down"});
  CHECK(sets[1].root == "/srv/kept");
  CHECK(sets[1].handover.keeps_snapshot);
}

TEST_CASE("databases that their own replication carries are read, with what is usual where nothing is said") {
  const auto loaded = load_maintenance(kGood + "maintenance-native.yaml");
  REQUIRE(loaded.good());
  const auto& sets = loaded.value.components.at(0).data;
  REQUIRE(sets.size() == 2);
  const auto& second = loaded.value.components.at(1).data.at(0);
  CHECK(sets[0].kind == DataKind::native);
  CHECK(sets[0].postgresql.port == 5432);
  CHECK(sets[0].postgresql.user == "postgres");
  CHECK(sets[0].postgresql.databases.empty());
  CHECK_FALSE(sets[0].postgresql.one_way);
  CHECK(second.postgresql.databases == std::vector<std::string>{"notes", "more notes"});
  CHECK(second.postgresql.insert_only == std::vector<std::string>{"public.history"});
  CHECK(second.postgresql.one_way);
  CHECK(second.hooks.port == 0);
  CHECK(sets[1].kind == DataKind::native);
  CHECK(sets[1].hooks.port == 6379);
  CHECK(sets[1].hooks.timeout == std::chrono::minutes(2));
  CHECK(sets[1].hooks.forward.follow == Argv{"k", "follow"});
  CHECK(sets[1].hooks.back.follow == Argv{"k", "follow-back"});
  CHECK(sets[1].hooks.back.promote == Argv{"k", "promote"});
  CHECK_FALSE(sets[1].hooks.one_way);
}

TEST_CASE("an HAProxy that serves others too is told which backends are the appliance's") {
  const auto appliance = load_appliance(kGood + "appliance-shared-haproxy.yaml").value;
  CHECK(appliance.entry.backends == std::vector<std::string>{"shop-web", "shop-api"});
  CHECK(load_appliance(kGood + "appliance-notes.yaml").value.entry.backends.empty());  // all of them
}

TEST_CASE("an appliance may say what is installed, and how its level is found") {
  const auto loaded = load_appliance(kGood + "appliance-installed.yaml");
  REQUIRE(loaded.good());
  const auto& appliance = loaded.value;
  REQUIRE(appliance.components.size() == 3);
  CHECK(appliance.components[0].name == "notes-api");  // in the order of the file
  CHECK(appliance.components[0].machine == "app");
  CHECK(appliance.components[0].detect.package == "notes-api");
  CHECK(appliance.components[1].detect.kind == DriverKind::archive);
  CHECK(appliance.components[1].at.text() == kGood + "appliance-installed.yaml:10:3");
  CHECK(appliance.find_component("notes-schema")->detect.command == Argv{"notes-schema", "level"});
  CHECK(appliance.find_component("notes-help") == nullptr);
}

TEST_CASE("a maintenance descriptor is read whole") {
  const auto loaded = load_maintenance(kGood + "maintenance-notes.yaml");
  REQUIRE(loaded.good());
  const auto& maintenance = loaded.value;
  CHECK(maintenance.appliance == "org.example.notes");
  CHECK(maintenance.release == "2.0.0");
  CHECK(maintenance.directory + "/" == kGood);
  CHECK(maintenance.notes == "Notes gain a colour. Stored notes are migrated.\n");
  REQUIRE(maintenance.components.size() == 4);

  const auto& api = maintenance.components[0];
  CHECK(api.machine == "app");
  CHECK(api.level.to == "2.0.0");
  CHECK(api.level.from == ">=1.0.0 <2.0.0 || =2.0.0-rc.1");
  CHECK(api.detect.kind == DriverKind::deb);
  CHECK(api.detect.package == "notes-api");
  CHECK(api.update.packages == std::vector<std::string>{"notes-api_2.0.0_amd64.deb"});
  CHECK(api.update.stop == std::vector<std::string>{"notes-api.service"});
  CHECK(api.update.timeout == std::chrono::minutes(5));
  CHECK(api.check.kind == CheckKind::http);
  CHECK(api.check.port == 8080);
  CHECK(api.check.path == "/health");
  CHECK(api.check.contains == "\"ok\"");
  CHECK(api.check.timeout == std::chrono::seconds(30));
  CHECK(api.hooks.quiesce == Argv{"notes-ctl", "flush"});
  CHECK(api.hooks.start == Argv{"systemctl", "start", "notes-api"});

  const auto* payload = maintenance.find_payload("notes-api_2.0.0_amd64.deb");
  REQUIRE(payload != nullptr);
  CHECK(payload->size == 18234);
  CHECK(payload->sha256.substr(0, 8) == "0f1e2d3c");
}

TEST_CASE("data sets keep their rules in the order of the file") {
  const auto maintenance = load_maintenance(kGood + "maintenance-notes.yaml").value;
  const auto& data = maintenance.components.at(0).data;
  REQUIRE(data.size() == 2);
  CHECK(data[0].root == "/var/lib/notes");  // the slash at the end is dropped
  CHECK(data[0].exclude == std::vector<std::string>{"*.tmp"});
  CHECK(data[0].migrate == Argv{"notes-migrate", "--to", "2"});
  CHECK(data[0].downgrade == Argv{"notes-migrate", "--to", "1"});
  REQUIRE(data[0].conflict.size() == 1);
  CHECK(data[0].conflict[0].pattern == "*");
  CHECK(data[0].conflict[0].rule == ConflictRule::keep_original);
  REQUIRE(data[1].conflict.size() == 4);
  CHECK(data[1].conflict[1].rule == ConflictRule::keep_clone);
  CHECK(data[1].conflict[2].pattern == "*.d/*");
  CHECK(data[1].conflict[2].rule == ConflictRule::merge);
  CHECK(data[1].conflict[2].merge == Argv{"notes-merge"});
  CHECK(data[1].conflict[3].rule == ConflictRule::refuse);
}

TEST_CASE("archives, commands, defaults and edges are read") {
  const auto maintenance = load_maintenance(kGood + "maintenance-notes.yaml").value;
  const auto& ui = *maintenance.find_component("notes-ui");
  CHECK(ui.update.kind == DriverKind::archive);
  CHECK(ui.update.archive == "ui/notes-ui.tar.gz");
  CHECK(ui.update.unpack_to == "/srv/notes-ui");
  CHECK(ui.level.scheme == Scheme::date);
  CHECK(ui.parallel);
  CHECK(ui.check.kind == CheckKind::tcp);
  CHECK(ui.check.port == 80);
  const auto& nginx = *maintenance.find_component("nginx");
  CHECK(nginx.update.kind == DriverKind::command);
  CHECK(nginx.update.command.size() == 3);
  CHECK(nginx.update.payload == std::vector<std::string>{"nginx.deb"});
  CHECK(nginx.update.reboot);
  CHECK(nginx.update.timeout == std::chrono::minutes(10));
  CHECK(nginx.level.to == "1.22.1-9+deb12u1");
  const auto& agent = *maintenance.find_component("agent");
  CHECK(agent.check.kind == CheckKind::none);
  CHECK(agent.level.to == "3");

  const auto edges = edges_of(maintenance);
  REQUIRE(edges.size() == 3);
  CHECK(edges[0].before == "notes-api");
  CHECK(edges[0].after == "notes-ui");
  CHECK(edges[0].at.line == 36);
  CHECK(edges[1].after == "agent");
}

TEST_CASE("the kind of a file is told by its first key") {
  CHECK(std::holds_alternative<Loaded<MaintenanceDescriptor>>(load_any(kGood + "maintenance-small.yaml")));
  CHECK(std::holds_alternative<Loaded<ApplianceDescriptor>>(load_any(kGood + "appliance-notes.yaml")));
  const auto swapped = load_appliance(kGood + "maintenance-small.yaml");
  REQUIRE(swapped.findings.size() == 1);
  CHECK(swapped.findings[0].message == "expected appliance/v1; found \"maintenance/v1\"");
  CHECK_FALSE(load_maintenance(kGood + "appliance-notes.yaml").good());
}

TEST_CASE("durations are read in each unit and bounded") {
  const auto timeout = [](const std::string& text) {
    auto bytes = tests::good_text("maintenance-small");
    bytes.replace(bytes.find("500ms"), 5, text);
    return parse::maintenance_from_bytes(bytes, "m.yaml");
  };
  CHECK(timeout("500ms").value.components.at(0).update.timeout == std::chrono::milliseconds(500));
  CHECK(timeout("30s").value.components.at(0).update.timeout == std::chrono::seconds(30));
  CHECK(timeout("24h").value.components.at(0).update.timeout == std::chrono::hours(24));
  for (const std::string bad : {"24.5h", "1441m", "99999999999999999999s", "-1s", "s", "5 s", "5S", "1d", "~"}) {
    INFO(bad);
    CHECK_FALSE(timeout(bad).good());
  }
}

}  // namespace
}  // namespace moult
