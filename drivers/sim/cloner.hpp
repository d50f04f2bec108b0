#pragma once

#include "drivers/appliance_cloner.hpp"
#include "drivers/sim/world.hpp"

namespace moult::sim {

class SimCloner final : public ApplianceCloner {
 public:
  explicit SimCloner(World& world) : world_(world) {}
  MachineRef clone_of(const std::string& run, const MachineRef& original) const override;
  Result<std::vector<SpaceNeed>> space(const std::vector<MachineRef>& originals) override;
  Result<> prepare(const std::string& run, const MachineRef& original) override;
  Result<> snapshot(const std::string& run, const MachineRef& original) override;
  Result<Presence> probe_snapshot(const std::string& run, const MachineRef& original) override;
  Result<> create_clone(const std::string& run, const MachineRef& original) override;
  Result<Presence> probe_clone(const std::string& run, const MachineRef& original) override;
  Result<> discard_clone(const std::string& run, const MachineRef& original) override;
  Result<> restore_chain(const std::string& run, const MachineRef& original) override;
  Result<> consolidate(const std::string& run, const MachineRef& original) override;

 private:
  Result<> make_clone_layers(const std::string& run, const Domain& original);
  Result<> define_clone(const std::string& run, const Domain& original, const MachineRef& clone);
  void commit_handed(Domain& domain, Disk& disk, const std::string& run);
  Result<> commit(Domain& domain, Disk& disk, const std::string& suffix);

  World& world_;
};

}  // namespace moult::sim
