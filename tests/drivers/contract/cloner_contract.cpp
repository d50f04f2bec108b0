#include "tests/drivers/contract/machine_contract.hpp"

namespace moult::contract {
namespace {

std::vector<std::vector<std::string>> chains_of(const MachineContext& context, const MachineRef& machine) {
  std::vector<std::vector<std::string>> chains;
  for (const auto& disk : value_of(context.lifecycle.inspect(machine)).disks)
    if (!disk.read_only) chains.push_back(disk.chain);
  return chains;
}

Presence snapshot_of(const MachineContext& context) {
  return value_of(context.cloner.probe_snapshot(context.run, context.machine));
}

Presence clone_presence(const MachineContext& context) {
  return value_of(context.cloner.probe_clone(context.run, context.machine));
}

void take_snapshot(const MachineContext& context) {
  REQUIRE_GOOD(context.cloner.prepare(context.run, context.machine));
  REQUIRE_GOOD(context.cloner.snapshot(context.run, context.machine));
}

MachineRef make_clone(const MachineContext& context) {
  REQUIRE_GOOD(context.network.create(context.run, context.machine.uri));
  take_snapshot(context);
  REQUIRE_GOOD(context.cloner.create_clone(context.run, context.machine));
  return context.cloner.clone_of(context.run, context.machine);
}

/// Undoes all of it, twice, and compares with what was.
void clean(const MachineContext& context, const std::vector<std::vector<std::string>>& chains) {
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.cloner.discard_clone(context.run, context.machine));
  CHECK(clone_presence(context) == Presence::absent);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.cloner.restore_chain(context.run, context.machine));
  CHECK(snapshot_of(context) == Presence::absent);
  CHECK(chains_of(context, context.machine) == chains);
  REQUIRE_GOOD(context.network.remove(context.run, context.machine.uri));
}

}  // namespace

void references_of_clones_are_computed(const MachineContext& context) {
  const auto clone = context.cloner.clone_of(context.run, context.machine);
  CHECK(clone == context.cloner.clone_of(context.run, context.machine));
  CHECK(clone.domain != context.machine.domain);
  CHECK(clone.uri == context.machine.uri);
  CHECK(clone.name == context.machine.name);
  CHECK(clone.domain != context.cloner.clone_of(context.run + "x", context.machine).domain);
}

void space_is_estimated_without_change(const MachineContext& context) {
  const auto chains = chains_of(context, context.machine);
  const auto needs = value_of(context.cloner.space({context.machine}));
  REQUIRE_FALSE(needs.empty());
  for (const auto& need : needs) {
    CHECK(need.uri == context.machine.uri);
    CHECK(need.needed_bytes > 0);
    CHECK(need.free_bytes > 0);
  }
  CHECK(chains_of(context, context.machine) == chains);
}

void a_snapshot_is_idempotent_and_probed(const MachineContext& context) {
  const auto chains = chains_of(context, context.machine);
  CHECK(snapshot_of(context) == Presence::absent);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.cloner.prepare(context.run, context.machine));
  CHECK(snapshot_of(context) == Presence::partial);
  CHECK(chains_of(context, context.machine) == chains);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.cloner.snapshot(context.run, context.machine));
  CHECK(snapshot_of(context) == Presence::present);
  const auto longer = chains_of(context, context.machine);
  REQUIRE(longer.size() == chains.size());
  for (std::size_t i = 0; i < chains.size(); ++i) {
    REQUIRE(longer[i].size() == chains[i].size() + 1);
    CHECK(longer[i][1] == chains[i][0]);
  }
  must_run(*context.access(context.machine), {"true"});
  const auto other = context.cloner.prepare(context.run + "2", context.machine);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Code::busy);
  const auto space = context.cloner.space({context.machine});
  REQUIRE_FALSE(space);
  CHECK(space.error().code == Code::busy);
  REQUIRE_GOOD(context.network.create(context.run, context.machine.uri));
  clean(context, chains);
}

void a_clone_has_its_own_identity_and_the_same_content(const MachineContext& context) {
  const auto chains = chains_of(context, context.machine);
  put_text(*context.access(context.machine), "/var/tmp/moult-contract", "before");
  must_run(*context.access(context.machine), {"sync"});
  CHECK(clone_presence(context) == Presence::absent);
  const auto clone = make_clone(context);
  CHECK(clone_presence(context) == Presence::present);
  REQUIRE_GOOD(context.cloner.create_clone(context.run, context.machine));
  const auto original = value_of(context.lifecycle.inspect(context.machine));
  const auto twin = value_of(context.lifecycle.inspect(clone));
  CHECK(twin.state == PowerState::running);
  CHECK(twin.uuid != original.uuid);
  CHECK(twin.memory_kib == original.memory_kib);
  CHECK_FALSE(twin.autostart);
  REQUIRE(twin.nics.size() == original.nics.size());
  for (std::size_t i = 0; i < twin.nics.size(); ++i) CHECK(twin.nics[i].mac == original.nics[i].mac);
  CHECK(value_of(context.network.where(context.run, clone)) == Side::isolated);
  CHECK(value_of(context.network.where(context.run, context.machine)) == Side::production);
  CHECK(get_text(*context.access(clone), "/var/tmp/moult-contract") == "before");
  put_text(*context.access(clone), "/var/tmp/moult-contract", "the clone's");
  CHECK(get_text(*context.access(context.machine), "/var/tmp/moult-contract") == "before");
  clean(context, chains);
  must_run(*context.access(context.machine), {"rm", "/var/tmp/moult-contract"});
}

void what_the_original_writes_survives_the_restore(const MachineContext& context) {
  const auto chains = chains_of(context, context.machine);
  (void)make_clone(context);
  put_text(*context.access(context.machine), "/var/tmp/moult-contract", "written above the snapshot");
  clean(context, chains);
  CHECK(get_text(*context.access(context.machine), "/var/tmp/moult-contract") == "written above the snapshot");
  must_run(*context.access(context.machine), {"rm", "/var/tmp/moult-contract"});
}

void a_chain_is_not_restored_under_a_clone(const MachineContext& context) {
  const auto chains = chains_of(context, context.machine);
  const auto clone = make_clone(context);
  CHECK_FALSE(context.cloner.restore_chain(context.run, context.machine));
  CHECK(snapshot_of(context) == Presence::present);
  must_run(*context.access(clone), {"true"});
  clean(context, chains);
}

void calls_that_broke_half_way_are_probed_and_finished(const MachineContext& context) {
  if (!context.break_next) return;
  const auto chains = chains_of(context, context.machine);
  REQUIRE_GOOD(context.network.create(context.run, context.machine.uri));
  take_snapshot(context);
  context.break_next("create_clone");
  CHECK_FALSE(context.cloner.create_clone(context.run, context.machine));
  CHECK(clone_presence(context) == Presence::partial);
  REQUIRE_GOOD(context.cloner.create_clone(context.run, context.machine));
  CHECK(clone_presence(context) == Presence::present);
  context.break_next("discard_clone");
  CHECK_FALSE(context.cloner.discard_clone(context.run, context.machine));
  CHECK(clone_presence(context) == Presence::partial);
  REQUIRE_GOOD(context.cloner.discard_clone(context.run, context.machine));
  context.break_next("restore_chain");
  CHECK_FALSE(context.cloner.restore_chain(context.run, context.machine));
  clean(context, chains);
}

void consolidating_makes_the_clone_the_machine(const MachineContext& context) {
  const auto chains = chains_of(context, context.machine);
  const auto clone = make_clone(context);
  put_text(*context.access(clone), "/var/tmp/moult-contract", "upgraded");
  put_text(*context.access(context.machine), "/var/tmp/moult-contract", "given up");
  REQUIRE_GOOD(context.network.move(context.run, context.machine, context.machine, Side::sealed));
  REQUIRE_GOOD(context.network.move(context.run, context.machine, clone, Side::production));
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.cloner.consolidate(context.run, context.machine));
  CHECK(chains_of(context, clone) == chains);
  CHECK(get_text(*context.access(clone), "/var/tmp/moult-contract") == "upgraded");
  CHECK(value_of(context.network.where(context.run, clone)) == Side::production);
  REQUIRE_GOOD(context.network.remove(context.run, context.machine.uri));
}

void appliance_cloner_contract(const MachineContext& context) {
  references_of_clones_are_computed(context);
  space_is_estimated_without_change(context);
  a_snapshot_is_idempotent_and_probed(context);
  a_clone_has_its_own_identity_and_the_same_content(context);
  what_the_original_writes_survives_the_restore(context);
  a_chain_is_not_restored_under_a_clone(context);
  calls_that_broke_half_way_are_probed_and_finished(context);
  consolidating_makes_the_clone_the_machine(context);
}

}  // namespace moult::contract
