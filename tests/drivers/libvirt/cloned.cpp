#include "cloned.hpp"

#include "catch.hpp"

namespace moult::lab {

Cloned::Cloned() {
  require_lab();
  back();
  persistent_before = virsh({"dumpxml", "--inactive", original.domain});
  facts_before = must(parts.lifecycle().inspect(original));
  must(parts.network().create(kRun, original.uri));
  report("prepare", ms(time_of([&] { must(parts.cloner().prepare(kRun, original)); })), "ms");
  report("snapshot", ms(time_of([&] { must(parts.cloner().snapshot(kRun, original)); })), "ms");
  CHECK(must(parts.cloner().probe_clone(kRun, original)) == Presence::absent);
  report("create clone", ms(time_of([&] { must(parts.cloner().create_clone(kRun, original)); })), "ms");
  CHECK(must(parts.cloner().probe_clone(kRun, original)) == Presence::present);
}

void Cloned::back() {
  must(parts.cloner().discard_clone(kRun, original));
  if (must(parts.network().where(kRun, original)) != Side::production)
    must(parts.network().move(kRun, original, original, Side::production));
  report("restore chain", ms(time_of([&] { must(parts.cloner().restore_chain(kRun, original)); })), "ms");
  must(parts.network().remove(kRun, original.uri));
}

Cloned::~Cloned() {
  try {
    back();
  } catch (const std::exception& error) {
    WARN("the lab could not be brought back: " << error.what());
  }
}

void give_up_machines(LibvirtParts& parts, const std::vector<MachineRef>& machines) {
  for (const auto& machine : machines) {
    (void)parts.lifecycle().stop(machine, Millis::zero());
    virsh({"undefine", "--nvram", machine.domain});  // says so where there is none
  }
}

}  // namespace moult::lab
