#pragma once

#include <set>

#include "drivers/appliance_cloner.hpp"
#include "drivers/libvirt/description.hpp"
#include "drivers/libvirt/host.hpp"
#include "drivers/libvirt/overlay_store.hpp"

namespace moult::virt {

class Cloner : public ApplianceCloner {
 public:
  explicit Cloner(Hosts& hosts) : hosts_(hosts) {}
  MachineRef clone_of(const std::string& run, const MachineRef& original) const override;
  /// Error, besides the seam's: refused, with every reason that keeps a machine from being cloned.
  Result<std::vector<SpaceNeed>> space(const std::vector<MachineRef>& originals) override;
  Result<> prepare(const std::string& run, const MachineRef& original) override;
  Result<> snapshot(const std::string& run, const MachineRef& original) override;
  /// Partial also when overlays are prepared and none is in use yet.
  Result<Presence> probe_snapshot(const std::string& run, const MachineRef& original) override;
  Result<> create_clone(const std::string& run, const MachineRef& original) override;
  Result<Presence> probe_clone(const std::string& run, const MachineRef& original) override;
  Result<> discard_clone(const std::string& run, const MachineRef& original) override;
  Result<> restore_chain(const std::string& run, const MachineRef& original) override;
  Result<> consolidate(const std::string& run, const MachineRef& original) override;

 private:
  struct Seen {
    Description description;
    std::string xml;
    bool running = false, persistent = true;
  };
  Result<Seen> look(const MachineRef& machine);
  Result<> delete_files(Host& host, const std::vector<std::string>& paths);

  Hosts& hosts_;
  OverlayStore store_;
};

}  // namespace moult::virt
