#include <thread>

#include "cloned.hpp"
#include "lab_world.hpp"
#include "tests/drivers/contract/disk_throttle_contract.hpp"
#include "tests/drivers/contract/guest_access_contract.hpp"
#include "tests/drivers/contract/handover_contract.hpp"
#include "tests/drivers/contract/machine_contract.hpp"

using namespace moult;

namespace {

struct Lab {
  LibvirtParts parts;
  MachineRef machine = lab::original();
  Lab() { lab::require_lab(); }
  [[nodiscard]] contract::MachineContext context(const std::string& run) {
    // Port 1 of this machine: nobody listens there.
    return {parts.lifecycle(),
            parts.network(),
            parts.cloner(),
            machine,
            {"app", "qemu+tcp://127.0.0.1:1/system", "x"},
            run,
            [this](const MachineRef& which) { return lab::guest(parts, which); },
            {}};
  }
};

}  // namespace

TEST_CASE("libvirt's machines keep the lifecycle's contract", "[lab][contract]") {
  Lab lab;
  contract::machine_lifecycle_contract(lab.context("contract"));
}

TEST_CASE("libvirt's networks keep the network's contract", "[lab][contract]") {
  Lab lab;
  contract::network_port_contract(lab.context("contract"));
}

TEST_CASE("libvirt's disks keep the throttle's contract, and an owner's own limits are put back", "[lab][contract]") {
  Lab lab;
  const contract::ThrottleContext context{lab.parts.throttle(), lab.parts.lifecycle(), lab.machine};
  contract::disk_throttle_contract(context);
  const auto tune = [&](std::vector<std::string> limits) {
    limits.insert(limits.begin(), {"blkdeviotune", lab.machine.domain, "vda", "--live"});
    lab::virsh(limits);
  };
  const std::vector<std::string> none{"--total-bytes-sec", "0", "--total-bytes-sec-max", "0", "--total-iops-sec", "0"};
  const lab::CleanUp clean_up{[&] { tune(none); }};
  for (const auto& own : std::vector<std::vector<std::string>>{
           {"--total-bytes-sec", "50000000", "--total-bytes-sec-max", "90000000"},
           {"--write-bytes-sec", "40000000", "--write-bytes-sec-max", "80000000", "--total-iops-sec", "5000"}}) {
    tune(none);
    tune(own);
    const auto before = lab::virsh({"blkdeviotune", lab.machine.domain, "vda", "--live"});
    contract::limits_are_put_back_to_the_letter(context);
    contract::a_limit_can_be_changed_and_is_never_looser_than_the_owners(context);
    CHECK(lab::virsh({"blkdeviotune", lab.machine.domain, "vda", "--live"}) == before);
  }
}

TEST_CASE("libvirt's clones keep the cloner's contract", "[lab][contract]") {
  Lab lab;
  const auto context = lab.context("contract");
  contract::references_of_clones_are_computed(context);
  contract::space_is_estimated_without_change(context);
  contract::a_snapshot_is_idempotent_and_probed(context);
  contract::a_clone_has_its_own_identity_and_the_same_content(context);
  contract::what_the_original_writes_survives_the_restore(context);
  contract::a_chain_is_not_restored_under_a_clone(context);
}

TEST_CASE("a consolidated clone keeps the cloner's contract", "[lab][contract]") {
  Lab lab;
  lab::Cloned outer;  // its clone is given up, the lab's machine is not
  lab.machine = outer.clone;
  (void)lab::guest(lab.parts, lab.machine);
  const auto clone = lab.parts.cloner().clone_of("contract", lab.machine);
  const lab::CleanUp clean_up{[&] { lab::give_up_machines(lab.parts, {lab.machine, clone}); }};
  contract::consolidating_makes_the_clone_the_machine(lab.context("contract"));
}

TEST_CASE("libvirt's disks keep the contract of changing hands", "[lab][contract]") {
  Lab lab;
  const auto persistent_before = lab::virsh({"dumpxml", "--inactive", lab.machine.domain});
  contract::disk_handover_contract({lab.context("contract"), lab.parts.disks(), "vdb", "/var/lib/notes",
                                    [](GuestAccess& guest, bool on) {
                                      lab::in_guest(guest, {"systemctl", on ? "start" : "stop", "notes-api"});
                                    },
                                    [](Millis time) { std::this_thread::sleep_for(time); }});
  CHECK(lab::virsh({"dumpxml", "--inactive", lab.machine.domain}) == persistent_before);
}

TEST_CASE("the guest agent keeps the contract of guest access", "[lab][contract]") {
  Lab lab;
  const auto guest = lab::guest(lab.parts, lab.machine);
  lab::in_guest(*guest, {"mkdir", "-p", "/var/tmp/moult-contract-dir"});
  const lab::CleanUp clean_up{[&] { (void)guest->run(Command{{"rm", "-rf", "/var/tmp/moult-contract-dir"}, {}, {}}); }};
  contract::guest_access_contract({*guest, "/var/tmp/moult-contract-dir"});
}
