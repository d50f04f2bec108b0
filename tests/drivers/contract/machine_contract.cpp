#include "tests/drivers/contract/machine_contract.hpp"

#include <thread>

namespace moult::contract {
namespace {

constexpr Millis kGrace{30'000};

MachineFacts facts_of(const MachineContext& context, const MachineRef& machine) {
  return value_of(context.lifecycle.inspect(machine));
}

Side side_of(const MachineContext& context, const MachineRef& machine) {
  return value_of(context.network.where(context.run, machine));
}

/// Which boot a guest is in; empty where it cannot be asked, or has none.
std::string boot_of(const MachineContext& context) {
  Command command;
  command.argv = {"cat", "/proc/sys/kernel/random/boot_id"};
  const auto outcome = context.access(context.machine)->run(command);
  return outcome && outcome->good() ? outcome->out : std::string();
}

/// A guest goes down a moment after it was asked to, and answers until then.
void await_next_boot(const MachineContext& context, const std::string& before) {
  if (before.empty()) return;
  for (int look = 0; look < 600; ++look) {
    const auto now = boot_of(context);
    if (!now.empty() && now != before) return;
    std::this_thread::sleep_for(Millis{200});
  }
  FAIL("the guest is in the same boot still");
}

}  // namespace

void facts_describe_the_machine(const MachineContext& context) {
  const auto facts = facts_of(context, context.machine);
  CHECK(facts.state == PowerState::running);
  CHECK_FALSE(facts.uuid.empty());
  CHECK(facts.persistent);
  CHECK(facts.has_agent);
  CHECK(facts.memory_kib > 0);
  REQUIRE_FALSE(facts.disks.empty());
  for (const auto& disk : facts.disks) {
    REQUIRE_FALSE(disk.chain.empty());
    CHECK(disk.chain.front() == disk.path);
    CHECK(disk.virtual_bytes > 0);
  }
  REQUIRE_FALSE(facts.nics.empty());
  CHECK_FALSE(facts.nics.front().mac.empty());
  CHECK_FALSE(facts.nics.front().source.empty());
}

void an_absent_domain_is_a_fact_and_a_dead_host_an_error(const MachineContext& context) {
  auto nobody = context.machine;
  nobody.domain = "no-such-domain-of-moult";
  CHECK(facts_of(context, nobody).state == PowerState::absent);
  CHECK_FALSE(context.lifecycle.start(nobody));
  const auto dead = context.lifecycle.inspect(context.on_dead_host);
  CHECK(code_of(dead) == Code::unreachable);
  CHECK(dead.error().describe().find(context.on_dead_host.uri) != std::string::npos);
}

void stopping_and_starting_are_idempotent(const MachineContext& context) {
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.lifecycle.stop(context.machine, kGrace));
  CHECK(facts_of(context, context.machine).state == PowerState::off);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.lifecycle.start(context.machine));
  CHECK(facts_of(context, context.machine).state == PowerState::running);
  must_run(*context.access(context.machine), {"true"});
}

void autostart_is_set_and_seen(const MachineContext& context) {
  const bool before = facts_of(context, context.machine).autostart;
  for (const bool on : {!before, !before, before}) {
    REQUIRE_GOOD(context.lifecycle.set_autostart(context.machine, on));
    CHECK(facts_of(context, context.machine).autostart == on);
  }
}

void a_reboot_leaves_the_machine_running(const MachineContext& context) {
  const auto before = boot_of(context);
  REQUIRE_GOOD(context.lifecycle.reboot(context.machine));
  await_next_boot(context, before);
  must_run(*context.access(context.machine), {"true"});
  CHECK(facts_of(context, context.machine).state == PowerState::running);
}

void networks_are_created_and_removed_idempotently(const MachineContext& context) {
  const auto& uri = context.machine.uri;
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.network.create(context.run, uri));
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.network.remove(context.run, uri));
  CHECK(side_of(context, context.machine) == Side::production);
}

void a_machine_moves_between_sides_and_back(const MachineContext& context) {
  const auto& machine = context.machine;
  const auto before = facts_of(context, machine).nics;
  REQUIRE_GOOD(context.network.create(context.run, machine.uri));
  CHECK(side_of(context, machine) == Side::production);
  for (const Side to : {Side::sealed, Side::sealed, Side::isolated, Side::production, Side::production}) {
    REQUIRE_GOOD(context.network.move(context.run, machine, machine, to));
    INFO(name_of(to));
    CHECK(side_of(context, machine) == to);
  }
  const auto after = facts_of(context, machine).nics;
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    CHECK(after[i].mac == before[i].mac);
    CHECK(after[i].source == before[i].source);
  }
  REQUIRE_GOOD(context.network.remove(context.run, machine.uri));
}

void a_machine_kept_sealed_starts_sealed_until_the_seal_is_lifted(const MachineContext& context) {
  const auto& machine = context.machine;
  const auto before = facts_of(context, machine).nics;
  REQUIRE_GOOD(context.network.create(context.run, machine.uri));
  REQUIRE_GOOD(context.network.lift_seal(machine));
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.network.keep_sealed(context.run, machine));
  CHECK(side_of(context, machine) == Side::production);
  REQUIRE_GOOD(context.lifecycle.stop(machine, kGrace));
  REQUIRE_GOOD(context.lifecycle.start(machine));
  CHECK(side_of(context, machine) == Side::sealed);
  REQUIRE_GOOD(context.network.move(context.run, machine, machine, Side::production));
  CHECK(side_of(context, machine) == Side::production);
  for (int i = 0; i < 2; ++i) REQUIRE_GOOD(context.network.lift_seal(machine));
  REQUIRE_GOOD(context.lifecycle.stop(machine, kGrace));
  REQUIRE_GOOD(context.lifecycle.start(machine));
  const auto after = facts_of(context, machine).nics;
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i].source == before[i].source);
  must_run(*context.access(machine), {"true"});
  REQUIRE_GOOD(context.network.remove(context.run, machine.uri));
}

void machine_lifecycle_contract(const MachineContext& context) {
  facts_describe_the_machine(context);
  an_absent_domain_is_a_fact_and_a_dead_host_an_error(context);
  stopping_and_starting_are_idempotent(context);
  autostart_is_set_and_seen(context);
  a_reboot_leaves_the_machine_running(context);
}

void network_port_contract(const MachineContext& context) {
  networks_are_created_and_removed_idempotently(context);
  a_machine_moves_between_sides_and_back(context);
  a_machine_kept_sealed_starts_sealed_until_the_seal_is_lifted(context);
}

}  // namespace moult::contract
