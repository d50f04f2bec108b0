// The contract suite on the simulated world.
#include "tests/drivers/contract/disk_throttle_contract.hpp"
#include "tests/drivers/contract/entry_contract.hpp"
#include "tests/drivers/contract/guest_access_contract.hpp"
#include "tests/drivers/contract/guest_files_contract.hpp"
#include "tests/drivers/contract/handover_contract.hpp"
#include "tests/drivers/contract/machine_contract.hpp"
#include "tests/drivers/sim/notes_world.hpp"
#include "tests/drivers/sim/scripted_upgrade.hpp"

using namespace moult;
using namespace moult::sim::test;

namespace {

constexpr Millis kBoot{60'000};

std::unique_ptr<SimPlatform> make_platform(unsigned disks = 1, unsigned nics = 1) {
  auto options = notes_options(7);
  options.disks = disks;
  options.nics = nics;
  return contract::value_of(make_sim_platform(options));
}

MachineRef app() { return machines_of(notes_options())[1]; }

std::unique_ptr<GuestSession> session_of(Platform& platform, const MachineRef& machine) {
  return contract::value_of(platform.guests().session(kRun, machine, kBoot));
}

contract::Wait wait_on(Platform& platform) {
  return [&platform](Millis time) { platform.clock().sleep(time); };
}

/// Access through the agent, once the guest has booted.
std::unique_ptr<GuestAccess> agent_of(Platform& platform, const MachineRef& machine) {
  for (int i = 0; i < 100; ++i) {
    if (auto access = platform.guests().agent(machine)) return std::move(*access);
    platform.clock().sleep(Millis{100});
  }
  FAIL("no agent in " << machine.domain);
  return nullptr;
}

contract::MachineContext machine_context(SimPlatform& platform) {
  return {platform.lifecycle(),
          platform.network(),
          platform.cloner(),
          app(),
          {"app", "sim:///dead", "notes-app"},
          "contract",
          [&platform](const MachineRef& machine) { return agent_of(platform, machine); },
          [&platform](const std::string& call) {
            sim::FaultPlan plan;
            platform.world().faults().set(plan.with(sim::FaultKind::half_way, call));
          }};
}

}  // namespace

TEST_CASE("sim keeps the contract of GuestAccess, through the agent and through the helper") {
  const auto platform = make_platform();
  contract::guest_access_contract({*agent_of(*platform, app()), "/var/tmp"});
  contract::guest_access_contract({session_of(*platform, app())->access(), "/var/tmp"});
}

TEST_CASE("sim keeps the contract of GuestFiles") {
  contract::guest_files_contract([](const std::string& name, const auto& promise) {
    INFO(name);
    const auto platform = make_platform();
    const auto source = session_of(*platform, app());
    const auto target = session_of(*platform, machines_of(notes_options())[0]);
    promise({{source->files(), source->access(), "/srv/contract"},
             {target->files(), target->access(), "/srv/contract"},
             name,
             wait_on(*platform),
             false});
  });
}

TEST_CASE("sim keeps the contracts of machines, networks and clones") {
  for (const unsigned count : {1U, 3U}) {
    INFO(count << " disks and NICs");
    const auto platform = make_platform(count, count);
    const auto context = machine_context(*platform);
    const auto before = platform->world().inventory(false);
    contract::machine_lifecycle_contract(context);
    contract::network_port_contract(context);
    CHECK(platform->world().inventory(false) == before);
    contract::appliance_cloner_contract(context);
  }
}

TEST_CASE("sim keeps the contract of disks that change hands") {
  auto options = notes_options(7);
  auto& data = options.maintenance.components.front().data.front();
  data.kind = DataKind::handover;
  data.handover.disk = "vdb";
  const auto platform = contract::value_of(make_sim_platform(options));
  const auto before = platform->world().inventory(false);
  contract::disk_handover_contract(
      {machine_context(*platform), platform->disks(), "vdb", data.root, [](GuestAccess&, bool) {}, wait_on(*platform)});
  CHECK(platform->world().inventory(false) == before);
}

TEST_CASE("sim keeps the contract of DiskThrottle, whatever limits the owner has") {
  for (const std::uint64_t own : {0ULL, 512ULL << 10U, 16ULL << 20U}) {
    INFO("the owner's limit " << own);
    auto options = notes_options(7);
    options.disks = 2;
    options.disk_limit = own;
    const auto platform = contract::value_of(make_sim_platform(options));
    const auto before = platform->world().inventory(false);
    const contract::ThrottleContext context{platform->throttle(), platform->lifecycle(), app()};
    // A limit as strict as the owner's is no other one.
    if (own != 512ULL << 10U) contract::a_limit_can_be_changed_and_is_never_looser_than_the_owners(context);
    contract::limits_are_put_back_to_the_letter(context);
    contract::a_machine_that_is_off_has_lost_its_limits(context);
    contract::what_was_written_is_told_of_each_disk(context);
    contract::what_makes_no_sense_is_refused(context);
    CHECK(platform->world().inventory(false) == before);
  }
}

TEST_CASE("sim keeps the contract of Entry, with and without a hold") {
  for (const auto kind : {EntryKind::haproxy, EntryKind::none}) {
    auto options = notes_options();
    options.appliance.entry.kind = kind;
    const auto platform = contract::value_of(make_sim_platform(options));
    const auto entry = contract::value_of(platform->entry(options.appliance.entry));
    contract::entry_contract({*entry, wait_on(*platform)});
  }
}
