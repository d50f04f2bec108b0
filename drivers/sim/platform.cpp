#include "drivers/sim/platform.hpp"

#include "drivers/sim/clockwork.hpp"
#include "drivers/sim/cloner.hpp"
#include "drivers/sim/disk_handover.hpp"
#include "drivers/sim/disk_throttle.hpp"
#include "drivers/sim/entry.hpp"
#include "drivers/sim/guests.hpp"
#include "drivers/sim/lifecycle.hpp"
#include "drivers/sim/network.hpp"
#include "drivers/sim/world_file.hpp"

namespace moult {
namespace {

class Seams final : public SimPlatform {
 public:
  explicit Seams(sim::World& world)
      : world_(world),
        lifecycle_(world),
        cloner_(world),
        network_(world),
        disks_(world),
        throttle_(world),
        guests_(world),
        clock_(world),
        workers_(world) {}
  MachineLifecycle& lifecycle() override { return lifecycle_; }
  ApplianceCloner& cloner() override { return cloner_; }
  NetworkPort& network() override { return network_; }
  DiskHandover& disks() override { return disks_; }
  DiskThrottle& throttle() override { return throttle_; }
  GuestConnector& guests() override { return guests_; }
  Clock& clock() override { return clock_; }
  Workers& workers() override { return workers_; }
  Result<std::unique_ptr<Entry>> entry(const EntrySpec&) override { return std::make_unique<sim::SimEntry>(world_); }
  sim::World& world() override { return world_; }

  std::unique_ptr<sim::World> owned;
  std::unique_ptr<sim::WorldFile> file;

 private:
  sim::World& world_;
  sim::SimLifecycle lifecycle_;
  sim::SimCloner cloner_;
  sim::SimNetwork network_;
  sim::SimDiskHandover disks_;
  sim::SimDiskThrottle throttle_;
  sim::SimGuests guests_;
  sim::SimClock clock_;
  sim::SimWorkers workers_;
};

}  // namespace

Result<std::unique_ptr<SimPlatform>> make_sim_platform(const SimOptions& options) {
  if (options.appliance.machines.empty())
    return fail(Code::invalid, "an appliance without machines cannot be simulated", "Name at least one machine.");
  auto world = std::make_unique<sim::World>(options);
  auto seams = std::make_unique<Seams>(*world);
  if (!options.world_file.empty()) {
    seams->file = std::make_unique<sim::WorldFile>(options.world_file, *world);
    MOULT_TRY(seams->file->begin());
  }
  seams->owned = std::move(world);
  return seams;
}

std::unique_ptr<SimPlatform> make_sim_platform(sim::World& world) { return std::make_unique<Seams>(world); }

}  // namespace moult
