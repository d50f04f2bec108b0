#pragma once

#include "drivers/appliance_cloner.hpp"
#include "drivers/machine_lifecycle.hpp"
#include "drivers/network_port.hpp"
#include "tests/drivers/contract/support.hpp"

namespace moult::contract {

/// One machine that runs and serves, and the seams over its host. Each function is one promise; it leaves the machine
/// running and its disks and NICs as it found them, except `consolidating_...`, which comes last.
struct MachineContext {
  MachineLifecycle& lifecycle;
  NetworkPort& network;
  ApplianceCloner& cloner;
  MachineRef machine;
  MachineRef on_dead_host;  ///< its host does not answer
  std::string run;          ///< no other run of this name on the host
  /// Commands in a machine that runs; waits until it has booted.
  std::function<std::unique_ptr<GuestAccess>(const MachineRef&)> access;
  /// Makes the next call of this name ("create_clone", ...) stop half way with an error; empty: cannot be done here.
  std::function<void(const std::string& call)> break_next;
};

// MachineLifecycle
void facts_describe_the_machine(const MachineContext& context);
void an_absent_domain_is_a_fact_and_a_dead_host_an_error(const MachineContext& context);
void stopping_and_starting_are_idempotent(const MachineContext& context);
void autostart_is_set_and_seen(const MachineContext& context);
void a_reboot_leaves_the_machine_running(const MachineContext& context);

// NetworkPort
void a_machine_moves_between_sides_and_back(const MachineContext& context);
void networks_are_created_and_removed_idempotently(const MachineContext& context);

// ApplianceCloner
void references_of_clones_are_computed(const MachineContext& context);
void space_is_estimated_without_change(const MachineContext& context);
void a_snapshot_is_idempotent_and_probed(const MachineContext& context);
void a_clone_has_its_own_identity_and_the_same_content(const MachineContext& context);
void what_the_original_writes_survives_the_restore(const MachineContext& context);
void a_chain_is_not_restored_under_a_clone(const MachineContext& context);
void calls_that_broke_half_way_are_probed_and_finished(const MachineContext& context);
void consolidating_makes_the_clone_the_machine(const MachineContext& context);

void machine_lifecycle_contract(const MachineContext& context);
void network_port_contract(const MachineContext& context);
void appliance_cloner_contract(const MachineContext& context);

}  // namespace moult::contract
