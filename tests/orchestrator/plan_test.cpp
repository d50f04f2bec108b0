#include "orchestrator/plan.hpp"

#include <algorithm>

#include "catch.hpp"

using namespace moult;

namespace {

Component component(std::string name, std::string to, std::string from = {}, std::vector<std::string> after = {}) {
  Component made;
  made.name = std::move(name);
  made.machine = "app";
  made.level.to = std::move(to);
  made.level.from = std::move(from);
  made.after = std::move(after);
  made.after_at.assign(made.after.size(), Location{"m.yaml", 7, 3});
  return made;
}

struct World {
  ApplianceDescriptor appliance;
  MaintenanceDescriptor maintenance;
  WorldView view;
  World() {
    appliance.id = maintenance.appliance = "org.example";
    appliance.hosts["here"] = "test:///default";
    appliance.machines.push_back({"app", "here", "app-domain", {}});
    PlannedMachine machine{{"app", "test:///default", "app-domain"}, {}};
    machine.facts.state = PowerState::running;
    machine.facts.has_agent = true;
    machine.facts.uuid = "u-1";
    machine.facts.disks.push_back({"vda", "/d/app.qcow2", "qcow2", false, {"/d/app.qcow2"}, 10, 5});
    view.machines.push_back(machine);
    view.space.push_back({"test:///default", "/d", 100, 1000});
  }
  void add(Component made, std::optional<std::string> found) {
    view.levels[made.name] = {std::move(found), {}, Millis{1}};
    maintenance.components.push_back(std::move(made));
  }
  [[nodiscard]] Plan plan() const { return make_plan(appliance, maintenance, view); }
};

Code first_code(const Plan& plan) { return plan.blockers.empty() ? Code::internal : plan.blockers.front().code; }

}  // namespace

TEST_CASE("verdicts follow from found and target level", "[plan]") {
  World world;
  world.add(component("old", "2.0.0"), "1.0.0");
  world.add(component("same", "2.0.0"), "2.0.0");
  const auto plan = world.plan();
  CHECK(plan.components[0].verdict == Verdict::old);
  CHECK(plan.components[1].verdict == Verdict::current);
  CHECK(plan.blockers.empty());
  CHECK(plan.waves == std::vector<std::vector<std::string>>{{"old"}});
}

TEST_CASE("order is kept through components that stay as they are", "[plan]") {
  World world;
  world.add(component("a", "2.0.0"), "1.0.0");
  world.add(component("b", "2.0.0", {}, {"a"}), "2.0.0");
  world.add(component("c", "2.0.0", {}, {"b"}), "1.0.0");
  CHECK(world.plan().waves == std::vector<std::vector<std::string>>{{"a"}, {"c"}});
}

TEST_CASE("a newer level is never downgraded, a level below from and a missing component are refused", "[plan]") {
  for (const auto& [found, from] : std::vector<std::pair<std::optional<std::string>, std::string>>{
           {"3.0.0", ""}, {"0.9.0", ">=1.0.0"}, {std::nullopt, ""}}) {
    World world;
    world.add(component("api", "2.0.0", from), found);
    const auto plan = world.plan();
    REQUIRE(plan.blockers.size() == 1);
    CHECK(first_code(plan) == Code::refused);
    CHECK(plan.blockers.front().message.find("api") != std::string::npos);
    CHECK_FALSE(plan.blockers.front().remedy.empty());
  }
}

TEST_CASE("a domain that does not exist and a full disk block the plan", "[plan]") {
  World absent;
  absent.view.machines.front().facts.state = PowerState::absent;
  CHECK(first_code(absent.plan()) == Code::not_found);
  World full;
  full.view.space.front().needed_bytes = 5000;
  CHECK(first_code(full.plan()) == Code::no_space);
}

TEST_CASE("a disk that changes hands needs room for one overlay more", "[plan]") {
  World world;
  auto api = component("api", "2.0.0");
  api.data.emplace_back();
  api.data.front().kind = DataKind::handover;
  api.data.front().handover.disk = "vdb";
  world.add(api, "1.0.0");
  CHECK(world.plan().space.front().needed_bytes == 100);
  world.view.machines.front().facts.disks.push_back({"vdb", "/d/data.qcow2", "qcow2", false, {"/d/data.qcow2"}, 40, 5});
  CHECK(world.plan().space.front().needed_bytes == 140);
  world.view.space.front().free_bytes = 120;
  CHECK(first_code(world.plan()) == Code::no_space);
}

TEST_CASE("what an update brings needs room, where its machine's first disk is, and only when it is to be made",
          "[plan]") {
  World world;
  auto api = component("api", "2.0.0");
  api.update.packages = {"api.deb"};
  api.update.payload = {"tables.sql"};
  world.maintenance.payload = {{"api.deb", "", 100, {}}, {"tables.sql", "", 11, {}}, {"of-another.deb", "", 7, {}}};
  world.add(api, "1.0.0");
  CHECK(world.plan().space.front().needed_bytes == 100 + 4 * 111);
  world.view.space.front().free_bytes = 500;
  CHECK(first_code(world.plan()) == Code::no_space);
  world.view.levels["api"].level = "2.0.0";
  CHECK(world.plan().space.front().needed_bytes == 100);
}

TEST_CASE("a machine that does not answer is said once, not for each of its components", "[plan]") {
  World world;
  world.add(component("a", "2.0.0"), std::nullopt);
  world.add(component("b", "2.0.0"), std::nullopt);
  world.view.levels.clear();
  world.view.unreachable.emplace("app", Error{Code::unreachable, "no answer", "", {}, Disposition::fail});
  CHECK(world.plan().blockers.size() == 1);
  CHECK(world.plan().components[0].verdict == Verdict::unreachable);
}

TEST_CASE("a requirement is met by the level that the other component will have", "[plan]") {
  World world;
  world.add(component("lib", "2.0.0"), "1.0.0");
  auto user = component("user", "2.0.0");
  user.requires_.push_back({"lib", ">=2.0.0", {"m.yaml", 9, 1}});
  world.add(user, "1.0.0");
  CHECK(world.plan().blockers.empty());
  CHECK(world.plan().waves.size() == 2);
  world.maintenance.components[1].requires_.front().constraint = ">=3.0.0";
  CHECK(first_code(world.plan()) == Code::refused);
}

TEST_CASE("a plan survives its file, and differences of the world are named", "[plan]") {
  World world;
  world.add(component("api", "2.0.0"), "1.0.0");
  const auto approved = plan_from_json(plan_to_json(world.plan()));
  REQUIRE(approved);
  CHECK(plan_differences(*approved, world.plan()).empty());
  world.view.space.front().free_bytes = 7777;
  CHECK(plan_differences(*approved, world.plan()).empty());
  world.view.levels["api"].level = "1.5.0";
  world.view.machines.front().facts.disks.front().path = "/d/other.qcow2";
  const auto differences = plan_differences(*approved, world.plan());
  CHECK(differences.size() == 2);
  CHECK(std::any_of(differences.begin(), differences.end(),
                    [](const auto& line) { return line.find("1.5.0") != std::string::npos; }));
  CHECK(std::any_of(differences.begin(), differences.end(),
                    [](const auto& line) { return line.starts_with("/components/api/found: "); }));
}

TEST_CASE("data that is migrated without a way back is warned of, and the plan's file carries it", "[plan]") {
  const auto data = [](Argv migrate, Argv downgrade) {
    DataSpec spec;
    spec.name = "notes";
    spec.root = "/var/lib/notes";
    spec.migrate = std::move(migrate);
    spec.downgrade = std::move(downgrade);
    return spec;
  };
  World world;
  auto one_way = component("api", "2.0.0"), two_way = component("ui", "2.0.0"), plain = component("db", "2.0.0"),
       current = component("tools", "2.0.0");
  one_way.data = current.data = {data({"migrate"}, {})};
  two_way.data = {data({"migrate"}, {"downgrade"})};
  plain.data = {data({}, {})};
  for (const auto& old : {one_way, two_way, plain}) world.add(old, "1.0.0");
  world.add(current, "2.0.0");
  const auto plan = world.plan();
  CHECK(one_way_sets(plan) == std::vector<std::string>{"api.notes"});
  CHECK(plan.blockers.empty());
  const auto warned = std::count_if(plan.warnings.begin(), plan.warnings.end(), [](const auto& warning) {
    return warning.find("api.notes") != std::string::npos && warning.find("--accept-one-way") != std::string::npos;
  });
  CHECK(warned == 1);
  CHECK(plan_to_table(plan).find("migrated, one way") != std::string::npos);
  const auto read = plan_from_json(plan_to_json(plan));
  REQUIRE(read);
  CHECK(one_way_sets(*read) == one_way_sets(plan));
  auto older = plan_to_json(plan);  // written before there was this figure
  for (const char* flag : {"true", "false"})
    for (const auto text = std::string("\"one_way\": ") + flag + ","; older.find(text) != std::string::npos;)
      older.erase(older.find(text), text.size());
  REQUIRE(plan_from_json(older));
  CHECK(one_way_sets(*plan_from_json(older)).empty());
}

TEST_CASE("a disk that goes back as it was handed over is warned of in its own words", "[plan]") {
  World world;
  auto api = component("api", "2.0.0"), current = component("tools", "2.0.0");
  DataSpec spec;
  spec.name = "notes";
  spec.kind = DataKind::handover;
  spec.root = "/srv/notes";
  spec.handover = {"vdb", true};
  api.data = current.data = {spec};
  world.add(api, "1.0.0");
  world.add(current, "2.0.0");  // its level reads what it wrote
  const auto plan = world.plan();
  CHECK(one_way_sets(plan) == std::vector<std::string>{"api.notes"});
  CHECK(std::count_if(plan.warnings.begin(), plan.warnings.end(), [](const auto& warning) {
          return warning.find("api.notes goes back as it was when it was handed over") != std::string::npos;
        }) == 1);
}

TEST_CASE("a database is planned with its port, and with its way back unless the vendor says that there is none",
          "[plan]") {
  World world;
  auto api = component("api", "2.0.0");
  DataSpec there_and_back, one_way, other;
  there_and_back.name = "both";
  one_way.name = "there";
  other.name = "other";
  for (auto* spec : {&there_and_back, &one_way, &other}) spec->kind = DataKind::native;
  there_and_back.postgresql.port = 5433;
  one_way.postgresql.one_way = true;
  other.hooks.port = 6379;
  api.data = {there_and_back, one_way, other};
  world.add(api, "1.0.0");
  const auto plan = world.plan();
  REQUIRE(plan.data.size() == 3);
  CHECK(plan.data[0].strategy == "native");
  CHECK(plan.data[0].where == "PostgreSQL at port 5433");
  CHECK(plan.data[2].where == "replication at port 6379");
  CHECK(one_way_sets(plan) == std::vector<std::string>{"api.there"});
  CHECK(std::count_if(plan.warnings.begin(), plan.warnings.end(), [](const auto& warning) {
          return warning.find("api.there has no way back (`reverse: none`)") != std::string::npos;
        }) == 1);
}

TEST_CASE("an emulated TPM is warned of: the clone's starts empty", "[plan]") {
  World world;
  CHECK(world.plan().warnings.size() == 2);  // of the entry
  world.view.machines.front().facts.has_tpm = true;
  const auto plan = world.plan();
  REQUIRE(plan.warnings.size() == 3);
  CHECK(plan.warnings.back().find("machine app has an emulated TPM") != std::string::npos);
  const auto read = plan_from_json(plan_to_json(plan));
  REQUIRE(read);
  CHECK(read->machines.front().facts.has_tpm);
}

TEST_CASE("a guest whose clock is wrong is warned of, and one that is a moment off is not", "[plan]") {
  World world;
  const auto last_with = [&](std::chrono::seconds ahead) {
    world.view.clocks_ahead = {{"app", ahead}};
    return world.plan().warnings.back();
  };
  CHECK(last_with(std::chrono::seconds{3'600}).starts_with("the clock of machine app is 3600 s ahead of this host's"));
  CHECK(last_with(std::chrono::seconds{-6}).starts_with("the clock of machine app is 6 s behind this host's"));
  CHECK(last_with(std::chrono::seconds{5}).find("clock") == std::string::npos);
}

TEST_CASE("machines on several hosts are warned of: their clones do not reach each other", "[plan]") {
  World world;
  const auto warns = [&] {
    const auto warnings = world.plan().warnings;
    return std::any_of(warnings.begin(), warnings.end(), [](const auto& warning) {
      return warning.find("on 2 hosts (test:///default, test:///other)") != std::string::npos;
    });
  };
  CHECK_FALSE(warns());
  auto other = world.view.machines.front();
  other.ref = {"web", "test:///default", "web-domain"};
  world.view.machines.push_back(other);
  CHECK_FALSE(warns());
  world.view.machines.back().ref.uri = "test:///other";
  CHECK(warns());
}

TEST_CASE("what is not a plan is refused, not misread", "[plan]") {
  for (const auto* text : {"", "{", "[]", "{}", R"({"moult":"plan/v2"})", R"({"moult":"plan/v1"})"})
    CHECK(plan_from_json(text).error().code == Code::invalid);
}
