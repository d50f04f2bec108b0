#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "descriptors/edges.hpp"
#include "descriptors/level.hpp"
#include "descriptors/update_order.hpp"
#include "drivers/component_driver.hpp"
#include "orchestrator/phases/phases.hpp"
#include "orchestrator/phases/update_runner.hpp"

namespace moult {
namespace {

using nlohmann::json;

/// Where payloads lie on the clone: on its disk, because an update may reboot it.
std::string stage_dir(const RunContext& run, const Component& component) {
  return "/var/tmp/moult-" + run.id() + "/" + component.name;
}

std::vector<DataStrategy*> sets_on(RunContext& run, const std::string& machine) {
  std::vector<DataStrategy*> sets;
  for (std::size_t i = 0; i < run.forward.size(); ++i)
    if (run.work.plan.data[i].machine == machine) sets.push_back(run.forward[i].get());
  return sets;
}

std::vector<DataStrategy*> sets_of(RunContext& run, const std::string& component) {
  std::vector<DataStrategy*> sets;
  for (std::size_t i = 0; i < run.forward.size(); ++i)
    if (run.work.plan.data[i].component == component) sets.push_back(run.forward[i].get());
  return sets;
}

/// Which boot of the guest this is: changes with each one.
Result<std::string> boot_id(GuestAccess& guest) {
  std::string text;
  MOULT_TRY(guest.get("/proc/sys/kernel/random/boot_id", [&text](Bytes bytes) -> Result<> {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  return text;
}

/// The agent of the boot before answers until the guest goes down, so the boot's id decides.
Result<> await_next_boot(RunContext& run, const MachineRef& clone, const std::string& before) {
  const auto deadline = run.platform().clock().steady() + run.work.options.boot;
  std::string why = "it still runs the boot of before";
  while (run.platform().clock().steady() < deadline) {
    MOULT_TRY(run.world.interrupt.check());
    run.platform().clock().sleep(Millis{500});
    auto session = run.sessions.of(clone);
    if (!session) {
      why = session.error().describe();
      continue;
    }
    const auto now = boot_id((*session)->access());
    if (now && *now != before) return {};
    run.sessions.drop(clone);
  }
  return fail(
      Code::timeout, "the clone did not come back from its reboot: " + why,
      "The update asks for a reboot that the guest does not survive; see the clone's console before the next try.");
}

/// Reboots the clone and waits until its helper is back, knowing what it knew.
Result<> reboot_clone(RunContext& run, const MachinePair& pair) {
  const auto sets = sets_on(run, pair.original.name);
  for (auto* set : sets) MOULT_TRY(set->save_target());
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.clone));
  MOULT_ASSIGN(const auto before, boot_id(session->access()));
  MOULT_TRY(run.sessions.remove(pair.clone));
  MOULT_TRY(run.platform().lifecycle().reboot(pair.clone));
  MOULT_TRY(await_next_boot(run, pair.clone, before));
  for (auto* set : sets) MOULT_TRY(set->restore_target());
  return {};
}

Result<std::string> detect_again(const Component& component, ComponentDriver& driver, GuestAccess& guest) {
  MOULT_ASSIGN(const auto found, driver.detect(guest));
  const auto level = found.value_or("");
  if (level.empty()) return fail(Code::mismatch, "is not installed after its update", "Mend the vendor's update.");
  MOULT_ASSIGN(const auto order, compare_levels(component.level.scheme, level, component.level.to));
  if (std::is_eq(order)) return level;
  return fail(Code::mismatch, "is at " + level + " after its update, not at " + component.level.to,
              "Mend the payload or `level.to` in the maintenance descriptor.");
}

Result<std::string> update_one(RunContext& run, const Component& component) {
  const auto& pair = run.machine(component.machine);
  const auto driver = make_component_driver(run.work.maintenance, component, run.platform().clock());
  const auto stage = stage_dir(run, component);
  MOULT_ASSIGN(GuestSession * session, run.sessions.of(pair.clone));
  MOULT_TRY(driver->stage(session->access(), stage));
  MOULT_TRY(driver->apply(session->access(), stage));
  if (component.update.reboot) MOULT_TRY(reboot_clone(run, pair));
  MOULT_ASSIGN(session, run.sessions.of(pair.clone));
  MOULT_ASSIGN(const auto level, detect_again(component, *driver, session->access()));
  for (auto* set : sets_of(run, component.name)) MOULT_TRY(set->migrate_all());
  MOULT_TRY(run_check(component.check, session->access(), run.platform().clock()));
  return json{{"component", component.name}, {"level", level}}.dump();
}

/// A vendor's update says why it failed; where it is written, and that nothing is lost, is ours to say.
Result<std::string> update_with_remedy(RunContext& run, const Component& component) {
  auto done = update_one(run, component);
  if (done) return done;
  if (done.error().remedy.empty())
    done.error().remedy = "The original is as it was. Mend the update (" + component.update.at.text() +
                          ") or its cause, then start again.";
  return done;
}

UpdateQueue queue_of(const RunContext& run) {
  std::vector<std::string> old;
  for (const auto& wave : run.work.plan.waves) old.insert(old.end(), wave.begin(), wave.end());
  std::map<std::string, std::set<std::string>> before;
  for (auto& edge : closure_over(old, edges_of(run.work.maintenance)))
    before[edge.after].insert(std::move(edge.before));
  std::vector<UpdateQueue::Item> items;
  items.reserve(old.size());
  for (const auto& name : old) {
    const auto& component = run.component(name);
    items.push_back({name, component.machine, std::move(before[name]), component.parallel});
  }
  return UpdateQueue(std::move(items));
}

}  // namespace

Result<> upgrade_clone(RunContext& run) {
  return run_updates(queue_of(run), run.platform().workers(), [&run](const std::string& name) -> Result<> {
    MOULT_TRY(run.world.interrupt.check());
    return run.ledger.perform("update", name, [&] { return update_with_remedy(run, run.component(name)); });
  });
}

}  // namespace moult
